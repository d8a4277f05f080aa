"""The entry point of ``siyu``: Ctrl-C while the commands are still being read ends it, without a trace of imports."""

import signal


def main() -> None:
    """Read the commands, then do what the command line asks for."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from siyu.app.commands import app

    signal.signal(signal.SIGINT, signal.default_int_handler)
    app()


if __name__ == "__main__":
    main()
