/** `completions`: what a shell needs to complete commands, options and plugin names. @module */
import type { Context } from "../context.ts";
import { UsageError } from "../exit.ts";

/** A command with its options, as they are completed. */
export interface CommandWords {
  readonly name: string;
  /** The commands below it. */
  readonly commands: readonly string[];
  readonly options: readonly string[];
  /** Those of its options behind which a value stands. */
  readonly valued: readonly string[];
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
  const names = commands.map(({ name }) => name).join(" ");
  const cases = commands.map(({ name, commands, options }) => `    ${name}) words="${[...commands, ...options].join(" ")}" ;;`);
  return `# Add to ~/.bashrc: source <(remote-plugin completions bash)
_remote_plugin() {
  local words word place plugin current="\${COMP_WORDS[COMP_CWORD]}"
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
    *) words="${names}" ;;
  esac
  [ "$COMP_CWORD" = 1 ] && words="${names}"
  for ((place = 2; place < COMP_CWORD; place++)); do
    case "\${COMP_WORDS[$place]}" in
      ${valuedOfRun(commands).join("|")}) ((place++)) ;;
      -*) ;;
      *) plugin="\${COMP_WORDS[$place]}"; break ;;
    esac
  done
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ "$COMP_CWORD" = 1 ] && return
  # Names are what manifests say: quoted, for the shell would run what compgen or the user's line holds. Behind its plugin run takes what that takes.
  while IFS= read -r word; do
    word=$(printf %q "$word")
    [[ $word == "$current"* ]] && COMPREPLY+=("$word")
  done < <(if [ "\${COMP_WORDS[1]}" != run ] || [ -z "$plugin" ]; then ${NAMES}; else ${ARGUMENTS} "\${plugin//\\\\/}" 2>/dev/null; fi)
}
complete -o default -F _remote_plugin remote-plugin`;
}

/** The options of `run` behind which a value stands, which is not the plugin's name. */
function valuedOfRun(commands: readonly CommandWords[]): readonly string[] {
  return commands.find(({ name }) => name === "run")?.valued ?? [];
}

function zsh(commands: readonly CommandWords[]): string {
  return `# Add to ~/.zshrc: source <(remote-plugin completions zsh)
autoload -U +X bashcompinit && bashcompinit
${bash(commands).split("\n").slice(1).join("\n")}`;
}

/** Prints the first word behind `run` that is neither an option nor the value of one. */
function fishPlugin(valued: readonly string[]): string {
  return `function __remote_plugin_plugin
  set -l words (commandline -opc)[3..-1]
  while set -q words[1]
    switch $words[1]
      case ${valued.join(" ")}
        set -e words[1]
      case '-*'
      case '*'
        echo $words[1]
        return
    end
    set -e words[1]
  end
end`;
}

function fish(commands: readonly CommandWords[]): string {
  const names = commands.map(({ name }) => name).join(" ");
  const lines = commands.flatMap(({ name, commands, options }) => {
    const where = `__fish_seen_subcommand_from ${name}`;
    // Behind its plugin `run` takes what that takes.
    const named = name === "run" ? `${where}; and test -z (__remote_plugin_plugin | string collect)` : where;
    return [
      `complete -c remote-plugin -n "${named}" -a "${[...commands, `(${NAMES})`].join(" ")}"`,
      ...options.map((option) => `complete -c remote-plugin -n "${where}" -l ${option.replace(/^--/, "")}`),
    ];
  });
  return [
    `# Put into ~/.config/fish/completions/remote-plugin.fish`,
    fishPlugin(valuedOfRun(commands)),
    `complete -c remote-plugin -f -n "not __fish_seen_subcommand_from ${names}" -a "${names}"`,
    ...lines,
    `complete -c remote-plugin -n "__fish_seen_subcommand_from run" -a "(${ARGUMENTS} (__remote_plugin_plugin) 2>/dev/null)"`,
  ]
    .join("\n");
}
