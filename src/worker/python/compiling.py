"""Compiles the worker's modules, and keeps their bytecode: for a start that has found none. start.py runs it."""

import marshal
import os
import stat
import time

# The same whether it is compiled or loaded, and not a path: of the pack's many copies none lasts.
CODE_NAME = "<remote-plugin worker/{}>"
LATE = " late"  # stands behind the name of a module that no start needs
MARK = b"remote-plugin bytecode\n"
# What stands in this module when it has been run is always the same. It is kept in the place of what makes it.
PREPARED = "filters"
UNUSED_S = 30 * 24 * 3600  # other releases and interpreters have files of their own, which nobody else removes


def compile_modules(parts, bytecode):
    """Gives the code of each module, that of a late one as bytes, and keeps it where there is a place for it."""
    codes = {}
    for part in parts:
        name, _, source = part.partition("\n")
        is_late = name.endswith(LATE)
        name = name[: -len(LATE)] if is_late else name
        code = compile(source, CODE_NAME.format(name), "exec", 0, True, 2)  # without what nobody reads or checks at run time
        codes[name] = marshal.dumps(code) if is_late else code
    if bytecode is not None:
        keep(bytecode, dict(codes, **prepare(codes)))
    return codes


def prepare(codes):
    """Gives the code of what a module makes: its constants. Where it can make none, it says why when it is wanted."""
    modules = {"__name__": "remote_plugin_modules"}
    exec(codes["modules"], modules)
    try:
        made = vars(modules["Modules"](codes).load(PREPARED))
    except Exception:
        return {}
    source = "\n".join("{} = {!r}".format(name, made[name]) for name in made if name.isupper() and name[0] != "_")
    return {PREPARED: marshal.dumps(compile(source, CODE_NAME.format(PREPARED), "exec"))}


def keep(bytecode, codes):
    """Keeps the code for later starts, if the folder can be had. It appears under its name when it is complete."""
    try:
        make_folder(bytecode)
        unfinished = "{}.{}".format(bytecode.path, os.urandom(6).hex())
        try:
            write_new(unfinished, bytecode.sealed(codes))
            os.replace(unfinished, bytecode.path)
        except OSError:
            os.unlink(unfinished)
            raise
        forget_unused(bytecode)
    except OSError:
        pass


def make_folder(bytecode):
    for folder in (os.path.dirname(bytecode.folder), bytecode.folder):
        if not os.path.isdir(folder):
            # Who is root in another user's home leaves nothing there that its owner could not remove.
            if os.stat(os.path.dirname(folder)).st_uid != os.geteuid():
                raise PermissionError(folder)
            os.mkdir(folder, 0o700)
    if not bytecode.is_own(os.lstat(bytecode.folder), stat.S_ISDIR):
        raise PermissionError(bytecode.folder)


def write_new(path, data):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
        file.write(data)


def forget_unused(bytecode):
    for name in os.listdir(bytecode.folder):
        path = os.path.join(bytecode.folder, name)
        if name.startswith("worker-") and time.time() - os.lstat(path).st_mtime > UNUSED_S and bytecode.read_own(path).startswith(MARK):
            os.unlink(path)
