# SPDX-License-Identifier: Apache-2.0
"""Every error of calipso_nornir: one tree; errors carry data and produce their own message.

::

    CalipsoError
    ├── UsageError               the request cannot be fulfilled as it was made
    │   ├── UnknownEnvironment   ├── UnknownObject   ├── AmbiguousObject
    │   ├── InvalidRequest       ├── NotAvailable
    │   │   └── Conflict         it exists already, or has ended
    ├── ConfigurationError
    │   ├── MetadataError        faults of JSON metadata, all of them at once
    │   ├── EnvironmentInvalid   faults of an environment's description
    │   ├── SettingsInvalid      faults of a file that sets up a service
    │   ├── SecretUnavailable    a secret cannot be read
    │   ├── BundleInvalid        a recording that cannot be replayed
    │   ├── RecordingFailed      a recording that cannot be written
    │   ├── NornirUnusable       a Nornir configuration that yields no inventory
    │   └── ResourceMissing      a damaged installation
    ├── StoreError
    │   ├── StoreUnavailable     ├── StoreVersionMismatch   ├── StoreFull   ├── StoreBusy
    │   ├── DocumentRefused      ├── BackupInvalid
    │   ├── Overtaken            others changed what a commit was computed from
    │   ├── PastUnknown          older than the history
    │   └── TooManyChanges       of one revision, to be read at once
    ├── LoginServiceUnavailable  a directory or issuer that knows users does not answer
    ├── NotificationUnusable     a message that is no notification, or lacks what its handler needs
    ├── ListenerFailed           a listener has lost its source
    ├── ScanCancelled            the scan was asked to stop
    │   ├── ScanTimedOut         ├── ScanTakenOver
    ├── SourceError              what a source returns instead of an answer
    │   ├── SourceNotConfigured  ├── NotRecorded     ├── NoSuchSource    ├── SourceFailed    ├── ApiUnknown
    │   ├── NotAuthenticated     ├── NotAuthorized   ├── ViewRestricted  ├── ControllerRefused
    │   ├── EndpointMissing      ├── ApiUnreachable  ├── ApiFailed
    │   ├── AnswerTooSlow        ├── AnswerTooLarge
    │   ├── DatabaseUnavailable  ├── SelectFailed
    │   ├── HostUnreachable      ├── HostKeyUnknown  ├── HostKeyChanged  ├── LoginRefused
    │   ├── HostNotListed        ├── HostExcluded    ├── ConnectionLost  ├── OutputTooLarge
    │   └── CommandFailed
    │       ├── CommandMissing   ├── CommandTimedOut ├── SudoRefused     ├── OutputMissing
    ├── ParseError               an answer of unknown form
    └── FetchError               a fetching that failed for another reason than its source
        ├── FetcherRaised        ├── PromiseBroken   ├── LookupCycle
        ├── DuplicateObject      ├── ParentUnknown   ├── Misplaced
        ├── RowsIncomplete       ├── CellUnreachable ├── CellsUntold     ├── HostsUnlisted
        ├── ServersUnlisted      ├── NetworksUnlisted ├── NoMachine      ├── OneMachine
        ├── PerhapsOneMachine    ├── DeviceGivenAway ├── PortsAlike      ├── EndpointOnNoWire
        └── LinkContradicted

``SourceError``, ``ParseError`` and ``FetchError`` are *values* during a scan: they stop
one fetching, keep what is known below it, and are listed in the report. The others are raised.
"""

from __future__ import annotations

from calipso_nornir.errors.access import LoginServiceUnavailable
from calipso_nornir.errors.base import (
    CalipsoError,
    Fatal,
    Retriable,
)
from calipso_nornir.errors.configuration import (
    BundleInvalid,
    ConfigurationError,
    EnvironmentInvalid,
    Fault,
    MetadataError,
    NornirUnusable,
    RecordingFailed,
    ResourceMissing,
    SecretUnavailable,
    SettingsInvalid,
)
from calipso_nornir.errors.fetch import (
    DuplicateObject,
    FetcherRaised,
    FetchError,
    FieldMissing,
    LookupCycle,
    Misplaced,
    ParentUnknown,
    ParseError,
    PromiseBroken,
)
from calipso_nornir.errors.hosts import (
    DeviceGivenAway,
    EndpointOnNoWire,
    NamespaceOfSeveral,
    PodsUnwired,
    PortsAlike,
    ZonesUnread,
)
from calipso_nornir.errors.lists import (
    CellsUntold,
    CellUnreachable,
    HostsUnlisted,
    LinkContradicted,
    NetworksUnlisted,
    NoMachine,
    OneMachine,
    PerhapsOneMachine,
    RowsIncomplete,
    ServersUnlisted,
)
from calipso_nornir.errors.live import ListenerFailed, NotificationUnusable
from calipso_nornir.errors.scan import NothingSeen, ScanCancelled, ScanTakenOver, ScanTimedOut
from calipso_nornir.errors.source import (
    AnswerTooLarge,
    AnswerTooSlow,
    ApiFailed,
    ApiUnknown,
    ApiUnreachable,
    CommandFailed,
    CommandMissing,
    CommandTimedOut,
    ConnectionLost,
    ControllerRefused,
    CredentialsRefused,
    DatabaseUnavailable,
    EndpointMissing,
    HostExcluded,
    HostKeyChanged,
    HostKeyUnknown,
    HostNotListed,
    HostUnreachable,
    LoginRefused,
    NoSuchSource,
    NotAuthenticated,
    NotAuthorized,
    NotRecorded,
    OutputMissing,
    OutputTooLarge,
    SelectFailed,
    SourceError,
    SourceFailed,
    SourceNotConfigured,
    SudoRefused,
    ViewRestricted,
)
from calipso_nornir.errors.store import (
    BackupInvalid,
    DocumentRefused,
    Overtaken,
    PastUnknown,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreUnavailable,
    StoreVersionMismatch,
    TooManyChanges,
)
from calipso_nornir.errors.usage import (
    AmbiguousObject,
    Conflict,
    InvalidRequest,
    NotAvailable,
    UnknownEnvironment,
    UnknownInventory,
    UnknownName,
    UnknownObject,
    UnknownStore,
    UntestedEnvironment,
    UsageError,
)

__all__ = [
    "AmbiguousObject",
    "AnswerTooLarge",
    "AnswerTooSlow",
    "ApiFailed",
    "ApiUnknown",
    "ApiUnreachable",
    "BackupInvalid",
    "BundleInvalid",
    "CalipsoError",
    "CellUnreachable",
    "CellsUntold",
    "CommandFailed",
    "CommandMissing",
    "CommandTimedOut",
    "ConfigurationError",
    "Conflict",
    "ConnectionLost",
    "ControllerRefused",
    "CredentialsRefused",
    "DatabaseUnavailable",
    "DeviceGivenAway",
    "DocumentRefused",
    "DuplicateObject",
    "EndpointMissing",
    "EndpointOnNoWire",
    "EnvironmentInvalid",
    "Fatal",
    "Fault",
    "FetchError",
    "FetcherRaised",
    "FieldMissing",
    "HostExcluded",
    "HostKeyChanged",
    "HostKeyUnknown",
    "HostNotListed",
    "HostUnreachable",
    "HostsUnlisted",
    "InvalidRequest",
    "LinkContradicted",
    "ListenerFailed",
    "LoginRefused",
    "LoginServiceUnavailable",
    "LookupCycle",
    "MetadataError",
    "Misplaced",
    "NamespaceOfSeveral",
    "NetworksUnlisted",
    "NoMachine",
    "NoSuchSource",
    "NornirUnusable",
    "NotAuthenticated",
    "NotAuthorized",
    "NotAvailable",
    "NotRecorded",
    "NothingSeen",
    "NotificationUnusable",
    "OneMachine",
    "OutputMissing",
    "OutputTooLarge",
    "Overtaken",
    "ParentUnknown",
    "ParseError",
    "PastUnknown",
    "PerhapsOneMachine",
    "PodsUnwired",
    "PortsAlike",
    "PromiseBroken",
    "RecordingFailed",
    "ResourceMissing",
    "Retriable",
    "RowsIncomplete",
    "ScanCancelled",
    "ScanTakenOver",
    "ScanTimedOut",
    "SecretUnavailable",
    "SelectFailed",
    "ServersUnlisted",
    "SettingsInvalid",
    "SourceError",
    "SourceFailed",
    "SourceNotConfigured",
    "StoreBusy",
    "StoreError",
    "StoreFull",
    "StoreUnavailable",
    "StoreVersionMismatch",
    "SudoRefused",
    "TooManyChanges",
    "UnknownEnvironment",
    "UnknownInventory",
    "UnknownName",
    "UnknownObject",
    "UnknownStore",
    "UntestedEnvironment",
    "UsageError",
    "ViewRestricted",
    "ZonesUnread",
]
