"""How people are named: e-mail addresses, phones and usernames, each in the one form that is stored and compared."""

from __future__ import annotations

from typing import Literal, TypeAlias

import email_validator
import phonenumbers

from switchboard.engine.errors import Invalid

IdentityType: TypeAlias = Literal["email", "phone", "username", "alias"]
"""What people are named by; a number is given, and named by nobody."""

# Special-use names (``.test``, ``localhost``) are fine here: only the syntax counts. The library documents this list
# as the place to say so; ``globally_deliverable`` alone does not reach it.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()

EMAIL_LENGTH_MOST = 254
"""RFC 5321, 4.5.3.1.3: a path of 256 octets with its two angle brackets."""

PHONE_LENGTH_MOST = 40
"""E.164 has 15 digits; the rest is for blanks, brackets and dashes."""

USERNAME_LENGTH_MOST = 100
"""Longer than any name that a person types at a login."""

ALIAS_LENGTH_MOST = 200
"""Longer than any account number, address or digest that an app could use."""


def normalize(type: IdentityType, value: str) -> str:
    """The one form of that identity. Raises: Invalid, naming the type as the field."""
    if type == "email":
        return normalize_email(value)
    if type == "phone":
        return normalize_phone(value)
    if type == "alias":
        return normalize_alias(value)
    return normalize_username(value)


def normalize_email(value: str) -> str:
    """In lower case, if its syntax is right. Raises: Invalid."""
    text = value.strip()
    if len(text) > EMAIL_LENGTH_MOST:
        raise Invalid({"email": "is too long"})
    try:
        checked = email_validator.validate_email(
            text, check_deliverability=False, globally_deliverable=False
        )
    except email_validator.EmailNotValidError as error:
        raise Invalid({"email": "is not an e-mail address"}) from error
    return checked.normalized.lower()


def normalize_phone(value: str) -> str:
    """In E.164, if it is a possible number; the ``+`` may be left out. Raises: Invalid."""
    text = value.strip()
    if len(text) > PHONE_LENGTH_MOST:
        raise Invalid({"phone": "is too long"})
    try:
        number = phonenumbers.parse(text if text.startswith("+") else f"+{text}")
    except phonenumbers.NumberParseException as error:
        raise Invalid({"phone": "is not a phone number"}) from error
    if not phonenumbers.is_possible_number(number):
        raise Invalid({"phone": "is not a possible phone number"})
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normalize_alias(value: str) -> str:
    """As it is: apps choose their clients' aliases, and mean each letter. Raises: Invalid."""
    if not value.strip() or len(value) > ALIAS_LENGTH_MOST or not value.isprintable():
        raise Invalid({"alias": f"must have 1 to {ALIAS_LENGTH_MOST} printable characters"})
    return value


def normalize_username(value: str) -> str:
    """In lower case; an ``@`` or a blank would make it look like something else. Raises: Invalid."""
    text = value.strip()
    if not text or len(text) > USERNAME_LENGTH_MOST:
        raise Invalid({"username": f"must have 1 to {USERNAME_LENGTH_MOST} characters"})
    if "@" in text or any(character.isspace() for character in text):
        raise Invalid({"username": "must not contain @ or blanks"})
    return text.lower()
