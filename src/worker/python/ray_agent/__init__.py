"""The agent: the entrypoint of a Ray job, which is one worker's pipes over TCP. src/ray/ is its only host.

It listens on its node and says where in the job's log, behind a mark that its host chose. Whoever connects shows a secret,
whose hash alone is in the job. Everybody else is hung up on without a word. The first line of a connection is JSON:

    {"secret": "...", "to": "agent", "received": 0}    the line, of which there is one; the last one counts
    {"secret": "...", "to": "worker"}                  from now on it is spliced to the worker's unix socket

On the line both sides write lines of JSON. The agent begins with its greeting, which is what is known so far.

    host to agent                                       agent to host
    {"run": {...}}    the worker, once                  {"environment": {...}}    a step of making the environment
    {"in": text}      its start line, once              {"started": PID}          from now on it has an input
    {"close": true}   closes its input                  {"n": N, "out": text}     its standard output
    {"kill": true}    kills it                          {"n": N, "err": text}     its standard error
    {"received": N}   about each second                 {"exit": {...}}           how it ended
    {"done": true}    nothing more is wanted            {"failure": {...}}        why it was not started
                                                        {"beat": true}            each second

A host that comes back gets what it has not received. When no host was heard for the lease, all ends.

    __main__       the start, and the lease
    job            what the job's record says
    door           where connections come in
    line           what the host hears
    pipes          the worker: start, input, output, end
    environment    the interpreter and packages of a plugin, made by uv
    sockets        reading and writing
"""
