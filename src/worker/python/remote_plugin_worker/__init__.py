"""The Python worker: runs one plugin class in this process and serves it as docs/protocol.md says.

It needs nothing but the standard library of Python 3.8 or later, so that it works in any environment without a word to its
package manager. `deno task embed` packs the modules into one text, and start.py runs them from there. A module that is
imported inside a function is late: it runs when it is wanted.

    modules            how the modules find each other
    main               from the start line to the first call
    start_line · supervisor · memory_watch · lifeline · foreign        the process
    listening · worker · connection · requests · aside · client        connections
    session · endpoints · worker_endpoints · plugin_endpoints          requests: endpoints is the one table
    replies · bare_reply · shelf                                       answers
    inbox · lanes · open_calls · call · cancelling                     calls
    plugin · instance · helpers · running · event_loop · tracing       the plugin's code
    encoding · walk · conversions · decoding · json_text · original    values
    outbox · files · scratch · private_folder                          files
    errors · error_bodies · tracebacks                                 errors
    signatures · type_hints · hint_names · docstrings · surface        what a plugin's methods take and give
    library · descriptors · forks · script_end · logs · log_records    what keeps the worker and the plugin apart
"""
