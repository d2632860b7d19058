"""How a sign-in to the maker's account service ends, when not well.

No message holds anything of the owner's.
"""

from enum import StrEnum, unique
from typing import ClassVar


@unique
class Step(StrEnum):
    """What was being asked for."""

    CODE = "the pasted address"
    TOKENS = "the password check"
    LOGIN = "the login"
    DEVICES = "the list of devices"
    LOGOUT = "the log-out"
    PREPARE = "the announcement of the band"
    SIGN = "the signature"
    COMPLETE = "the registration of the band"


class AccountError(Exception):
    """The account gives no key; never raised itself.

    Attributes:
        step: what was being asked for.
        reason: a word or a number of the vendor's; never anything of the owner's.
    """

    code: ClassVar[str]

    def __init__(self, step: Step, reason: str) -> None:
        super().__init__(f"{step}: {reason}")
        self.step = step
        self.reason = reason


class AccountUnreachable(AccountError):
    """No answer, half an answer, or one that no document explains."""

    code = "account_unreachable"


class AccountRateLimited(AccountError):
    """Too many sign-ins; only waiting helps."""

    code = "account_rate_limited"


class AccountAuthFailed(AccountError):
    """The vendor does not let this person in: unknown, or a wrong password."""

    code = "account_auth_failed"


class AccountNotRegistered(AccountAuthFailed):
    """The account exists, but has not been used with this app."""

    code = "account_not_registered"


class AccountFrozen(AccountAuthFailed):
    """The vendor has frozen the account."""

    code = "account_frozen"


class AccountDisabled(AccountAuthFailed):
    """The vendor has disabled the account."""

    code = "account_disabled"


class AccountWrongRegion(AccountAuthFailed):
    """The account belongs to a region that this service does not serve."""

    code = "account_wrong_region"


class AccountCodeUsed(AccountAuthFailed):
    """The code of the browser was used before, or is too old."""

    code = "account_code_used"


class AccountCodeMissing(AccountError):
    """There is no code in what was pasted."""

    code = "account_code_missing"


class AccountNoBands(AccountError):
    """The account has no band."""

    code = "account_no_bands"


class AccountNoKey(AccountError):
    """The account has a band, but not its key."""

    code = "account_no_key"


class AccountSignRefused(AccountError):
    """The vendor signs nothing for this band: it is registered to an account."""

    code = "account_sign_refused"
