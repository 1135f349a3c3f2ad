"""What is no session: plain rows behind ports. An actor is only for a timer, a state machine or ordered fan-out."""

from switchboard.engine.records.accounts import (
    Account,
    Accounts,
    Identity,
    Organization,
    Organizations,
)
from switchboard.engine.records.api_keys import ApiKey, ApiKeys
from switchboard.engine.records.dealerships import Lead, Leads, Vehicle, Vehicles
from switchboard.engine.records.devices import Device, Devices, DeviceType
from switchboard.engine.records.limits import Attempt, Attempts, Limits, TryResult
from switchboard.engine.records.revocations import Revocation, Revocations
from switchboard.engine.records.serials import Serials
from switchboard.engine.records.support import (
    BankCustomer,
    BankDirectory,
    SupportApp,
    SupportApps,
)
from switchboard.engine.records.uploads import Upload, Uploads

__all__ = [
    "Account",
    "Accounts",
    "ApiKey",
    "ApiKeys",
    "Attempt",
    "Attempts",
    "BankCustomer",
    "BankDirectory",
    "Device",
    "DeviceType",
    "Devices",
    "Identity",
    "Lead",
    "Leads",
    "Limits",
    "Organization",
    "Organizations",
    "Revocation",
    "Revocations",
    "Serials",
    "SupportApp",
    "SupportApps",
    "TryResult",
    "Upload",
    "Uploads",
    "Vehicle",
    "Vehicles",
]
