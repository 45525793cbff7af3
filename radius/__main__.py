"""`python -m radius` is the command `kapija`."""

from radius.cli import main

if __name__ == "__main__":
    main(prog_name="kapija")
