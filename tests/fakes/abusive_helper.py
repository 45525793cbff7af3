"""A program in the place of ntlm_auth that breaks its protocol in the way that its first argument names, for every request."""

import sys
import time

KEY = "0123456789abcdef0123456789ABCDEF"
YES = f"Authenticated: Yes\nUser-Session-Key: {KEY}\n.\n"
WRONG = (
    "Authenticated: No\nAuthentication-Error: When trying to update a password, this return status indicates that the value "
    "provided as the current password is not correct.\n.\n.\n"
)
SAYS = {
    "well": YES,
    "in-pieces": YES,
    "one-dot": WRONG[:-2],
    "three-dots": WRONG + ".\n",
    "two-answers": YES + YES,
    "yes-with-two-dots": YES + ".\n",
    "no-key": "Authenticated: Yes\n.\n",
    "zero-key": f"Authenticated: Yes\nUser-Session-Key: {'0' * 32}\n.\n",
    "short-key": f"Authenticated: Yes\nUser-Session-Key: {KEY[:-2]}\n.\n",
    "error-first": "Error: Unable to parse\n.\n" + YES,
    "unknown-sentence": "Authenticated: No\nAuthentication-Error: Reading winbind reply failed!\n.\n.\n",
    "no-such-account": "Authenticated: No\nAuthentication-Error: The specified account does not exist.\n.\n.\n",
    "no-error": "Authenticated: No\n.\n.\n",
    "carriage-returns": YES.replace("\n", "\r\n"),
    "binary": "\0\x01\x02\n",
    "no-line": "Authenticated: Yes" * 200,
    "endless-sentence": "Authenticated: No\nAuthentication-Error: " + "x" * 5000,
    "silence": "",
    "end": "",
    "unasked": YES,
}


def main(way: str) -> None:
    """Answer until stdin ends."""
    if way == "deaf":
        time.sleep(3600)
    lines = []
    for line in sys.stdin:
        lines.append(line)
        if line != ".\n":
            continue
        if way == "end":
            return
        pieces = SAYS[way] if way == "in-pieces" else [SAYS[way]]
        for piece in pieces:
            sys.stdout.write(piece)
            sys.stdout.flush()
        if way == "unasked":
            time.sleep(0.05)
            sys.stdout.write(YES)
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
