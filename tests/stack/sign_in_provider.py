"""`python -m tests.stack.sign_in_provider`: a sign-in provider on this machine that asks for no password.

Its users are the demo staff; each one's subject is their shown name in small letters.
"""

import json
import os
import sys

from api.demo import STAFF, demo_subject


def main() -> None:
    """Becomes the provider, on the port in OIDC_PROVIDER_PORT."""
    users = [
        argument
        for full_name, shown_name, _, _ in STAFF
        for argument in ("--user-claims", json.dumps({"sub": demo_subject(shown_name), "name": full_name}))
    ]
    provider = [sys.executable, "-m", "oidc_provider_mock", "--port", os.environ["OIDC_PROVIDER_PORT"], *users]
    os.execv(sys.executable, provider)  # noqa: S606 - nothing in it comes from outside


if __name__ == "__main__":
    main()
