"""The Python worker: runs one plugin class in this process and serves it as docs/protocol.md says.

It needs nothing but the standard library of Python 3.8 or later, so that it works in any environment without a word to its
package manager. `deno task embed` packs the modules into one text, and start.py runs them from there. A module that is
imported inside a function is late: it runs when it is wanted.

Threads: the lanes, which run the plugin's code and read and answer the connections of calls; the first is the main thread, since
that is where signals arrive and where many libraries want to be. The front, which accepts, answers questions and notices who
hangs up. The lifeline's. The event loop's, for coroutines. And one for each question that the plugin's code answers.

    modules            how the modules find each other
    main               from the start line to the first call
    start_line · supervisor · memory_watch · lifeline · foreign        the process
    worker · listening · front · waiting · bell · readiness                   threads and sockets: who waits for what
    connection · incoming · requests · client                          connections
    session · endpoints · worker_endpoints · plugin_endpoints          requests: endpoints is the one table
    replies · bare_reply · shelf                                       answers
    lanes · open_calls · call · canceller · cancelling · callbacks     calls
    batching · batch · gathering                                       calls that run together
    plugin · target · methods · instance · helpers · running           the plugin's code
    event_loop · tracing
    encoding · walk · conversions · decoding · json_text · original    values
    tables · readers                                                   tables and pictures
    spare_memory                                                       memory of large values
    outbox · files · parts · framing · uploads · scratch               files
    private_folder
    become · limit_other                                               for Deno workers, in the place of a worker: bounds, a limit
    bounds · grant · places · holding · landlock · seccomp             bounds: what the plugin may do
    syscalls · kernel · watching · access · stand_ins · limits · control_group
    errors · error_bodies · tracebacks                                 errors
    signatures · type_hints · hint_names · docstrings · surface        what a plugin's methods take and give
    sources                                                            which files its code comes from
    library · descriptors · forks · script_end · logs · log_records · printed    what keeps the worker and the plugin apart
"""
