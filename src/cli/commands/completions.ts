/** `completions`: what a shell needs to complete commands, options and plugin names. @module */
import type { Context } from "../context.ts";
import { UsageError } from "../exit.ts";

/** A command with its options, as they are completed. */
export interface CommandWords {
  readonly name: string;
  /** The commands below it. */
  readonly commands: readonly string[];
  readonly options: readonly string[];
}

/** Prints the script of one shell. */
export function completions({ terminal }: Context, shell: string, commands: readonly CommandWords[]): void {
  const scripts: Record<string, (commands: readonly CommandWords[]) => string> = { bash, zsh, fish };
  if (!Object.hasOwn(scripts, shell)) throw new UsageError(`There are completions for bash, zsh and fish, not for "${shell}"`);
  terminal.result(scripts[shell]!(commands));
}

const NAMES = "remote-plugin list --names 2>/dev/null";

const ARGUMENTS = "remote-plugin list --arguments";

function bash(commands: readonly CommandWords[]): string {
  const cases = commands.map(({ name, commands, options }) => `    ${name}) words="${[...commands, ...options].join(" ")}" ;;`);
  return `# Add to ~/.bashrc: source <(remote-plugin completions bash)
_remote_plugin() {
  local words word place plugin current="\${COMP_WORDS[COMP_CWORD]}"
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
    *) words="${commands.map(({ name }) => name).join(" ")}" ;;
  esac
  [ "$COMP_CWORD" = 1 ] && words="${commands.map(({ name }) => name).join(" ")}"
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ "$COMP_CWORD" = 1 ] && return
  # Names are what manifests say: quoted, for the shell would run what compgen or the user's line holds.
  while IFS= read -r word; do
    word=$(printf %q "$word")
    [[ $word == "$current"* ]] && COMPREPLY+=("$word")
  done < <(${NAMES})
  [ "\${COMP_WORDS[1]}" = run ] || return
  for ((place = 2; place < COMP_CWORD; place++)); do
    plugin="\${COMP_WORDS[$place]}"
    [[ $plugin == -* ]] || break
  done
  while IFS= read -r word; do
    [[ $word == "$current"* ]] && COMPREPLY+=("$word")
  done < <([[ -n $plugin && $plugin != -* ]] && ${ARGUMENTS} "\${plugin//\\\\/}" 2>/dev/null)
}
complete -o default -F _remote_plugin remote-plugin`;
}

function zsh(commands: readonly CommandWords[]): string {
  return `# Add to ~/.zshrc: source <(remote-plugin completions zsh)
autoload -U +X bashcompinit && bashcompinit
${bash(commands).split("\n").slice(1).join("\n")}`;
}

/** The first word behind the command that is no option is the plugin. */
const FISH_ARGUMENTS = `${ARGUMENTS} (string match -v -- '-*' (commandline -opc)[3..-1])[1]`;

function fish(commands: readonly CommandWords[]): string {
  const names = commands.map(({ name }) => name).join(" ");
  const lines = commands.flatMap(({ name, commands, options }) => [
    `complete -c remote-plugin -n "__fish_seen_subcommand_from ${name}" -a "${[...commands, `(${NAMES})`].join(" ")}"`,
    ...name === "run" ? [`complete -c remote-plugin -n "__fish_seen_subcommand_from run" -a "(${FISH_ARGUMENTS} 2>/dev/null)"`] : [],
    ...options.map((option) => `complete -c remote-plugin -n "__fish_seen_subcommand_from ${name}" -l ${option.replace(/^--/, "")}`),
  ]);
  return [
    `# Put into ~/.config/fish/completions/remote-plugin.fish`,
    `complete -c remote-plugin -f -n "not __fish_seen_subcommand_from ${names}" -a "${names}"`,
    ...lines,
  ]
    .join("\n");
}
