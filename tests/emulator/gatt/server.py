"""The GATT server of the emulated band: who may read, write and subscribe to what.

Bumble answers discovery and MTU requests; what reaches a value comes through here, in the order
of arrival and without waiting for anything. Whether a write kind, a handle or the length of a PDU
is possible at all the radio has already decided.

Source: protocol-control.md, section 3 (column Auth), 4.2, 21.3.
"""

from collections.abc import Callable, Mapping
from typing import override

from bumble import att, gatt
from bumble.device import Connection, Device
from bumble.gatt_server import Server as BumbleServer

from .body import AttError, Body, Capability, Refused, Session, Unanswered, legible
from .table import CLIENT_CONFIGURATION, MOVED, TABLE, USER_DESCRIPTION, Access, Row

_OPEN = att.Attribute.READABLE | att.Attribute.WRITEABLE


class Server(BumbleServer):
    """The band's attributes and the rules for them."""

    def __init__(
        self,
        device: Device,
        body: Body,
        capabilities: tuple[Capability, ...],
        *,
        moved: bool,
    ) -> None:
        super().__init__(device)
        self._body = body
        self._capabilities = capabilities
        self._held: list[tuple[Session, str, bytes]] | None = None
        self._reads: dict[str, Callable[[], bytes]] = {}
        self._writes: dict[str, Callable[[bytes], None]] = {}
        for capability in capabilities:
            self._reads |= dict(capability.reads)
            self._writes |= dict(capability.writes)
        self._rows: dict[int, Row] = {}
        self._handles: dict[str, int] = {}
        for service in MOVED if moved else TABLE:
            self._add(service.uuid, service.rows)
        body.transmit = self._transmit

    @property
    def names(self) -> Mapping[int, str]:
        """Short names of the characteristics by value handle."""
        return {handle: row.name for handle, row in self._rows.items()}

    def _add(self, uuid: str, rows: tuple[Row, ...]) -> None:
        characteristics = [self._characteristic(row) for row in rows]
        self.add_service(gatt.Service(uuid, characteristics))
        for row, characteristic in zip(rows, characteristics, strict=True):
            self._rows[characteristic.handle] = row
            self._handles[row.name] = characteristic.handle

    def _characteristic(self, row: Row) -> gatt.Characteristic[bytes]:
        descriptors = []
        if row.configurable:
            value: att.AttributeValue[bytes] = att.AttributeValue(
                read=lambda _connection: self._read_configuration(row),
                write=lambda _connection, value: self._configure(row, value),
            )
            descriptors.append(gatt.Descriptor(CLIENT_CONFIGURATION, _OPEN, value))
        if row.description is not None:
            descriptors.append(
                gatt.Descriptor(USER_DESCRIPTION, att.Attribute.READABLE, row.description)
            )
        return gatt.Characteristic(
            row.uuid,
            row.properties,
            _permissions(row),
            att.AttributeValue(
                read=lambda connection: self._read(row, connection),
                write=lambda connection, value: self._write(row, connection, value),
            ),
            descriptors,
        )

    # Writes are done here and not by Bumble, which starts a task for each of them.

    @override
    def on_gatt_pdu(self, bearer: att.Bearer, att_pdu: att.ATT_PDU) -> None:
        match att_pdu:
            case att.ATT_Write_Request() | att.ATT_Write_Command():
                self._on_write(bearer, att_pdu)
            case _:
                super().on_gatt_pdu(bearer, att_pdu)

    def _on_write(
        self, bearer: att.Bearer, pdu: att.ATT_Write_Request | att.ATT_Write_Command
    ) -> None:
        attribute = self.get_attribute(pdu.attribute_handle)
        if attribute is None or not isinstance(attribute.value, att.AttributeValue):
            return
        response: att.ATT_PDU | None = att.ATT_Write_Response()
        self._held = []
        try:
            attribute.value.write(_connection(bearer), pdu.attribute_value)
        except att.ATT_Error as error:
            response = att.ATT_Error_Response(
                request_opcode_in_error=pdu.op_code,
                attribute_handle_in_error=pdu.attribute_handle,
                error_code=error.error_code,
            )
        except Unanswered:
            response = None
        # A request is answered before what it leads to is notified.
        held, self._held = self._held, None
        if response is not None and isinstance(pdu, att.ATT_Write_Request):
            self.send_response(bearer, response)
        for session, name, value in held:
            self._transmit(session, name, value)
        self._body.changed()

    def _transmit(self, session: Session, name: str, value: bytes) -> None:
        if self._held is not None:
            self._held.append((session, name, value))
            return
        pdu = att.ATT_Handle_Value_Notification(
            attribute_handle=self._handles[name],
            attribute_value=value[: session.connection.att_mtu - 3],
        )
        self.send_gatt_pdu(session.connection, bytes(pdu))

    # Values

    def _session(self, connection: Connection) -> Session:
        session = self._body.session
        if session is None or session.connection is not connection:
            raise att.ATT_Error(AttError.INSUFFICIENT_AUTHENTICATION)
        return session

    def _read(self, row: Row, connection: Connection) -> bytes:
        session = self._session(connection)
        self._body.traffic[row.name].reads += 1
        if "R" not in row.letters:
            # The radio knows handles; a read by type or of several values comes this far.
            raise att.ATT_Error(
                self._body.wrong(
                    row.name,
                    "read of what cannot be read",
                    "protocol-control 3",
                    error=AttError.READ_NOT_PERMITTED,
                ).error
            )
        if row.read is Access.KEY and not session.authenticated:
            refused = self._body.wrong(
                row.name,
                "read without authentication",
                "protocol-control 3",
                error=AttError.INSUFFICIENT_AUTHENTICATION,
            )
            raise att.ATT_Error(refused.error)
        if self._body.refuses(row.name):
            raise att.ATT_Error(AttError.INSUFFICIENT_AUTHENTICATION)
        read = self._reads.get(row.name)
        value = row.value if read is None else read()
        self._body.changed()
        return value

    def _write(self, row: Row, connection: Connection, value: bytes) -> None:
        session = self._session(connection)
        traffic = self._body.traffic[row.name]
        traffic.writes += 1
        traffic.written_bytes += len(value)
        traffic.last.append(legible(row.name, value))
        try:
            self._check(row, session, value)
            write = self._writes.get(row.name)
            if write is None:
                raise self._body.wrong(
                    row.name, "write without a documented meaning", "protocol-control 3", value
                )
            write(value)
        except Refused as refused:
            raise att.ATT_Error(refused.error) from None

    def _check(self, row: Row, session: Session, value: bytes) -> None:
        """Refuse what wants the key."""
        wrong_answer, session.answered_wrong = session.answered_wrong, False
        if row.write is Access.OPEN or session.authenticated:
            return
        # Gadgetbridge queues the time write behind its answer before it knows whether that was
        # right (protocol-control 5.2), and another client sends the PIN unasked (10.2).
        tolerated = (row.name == "2A2B" and wrong_answer) or (
            row.name == "0003" and value[:2] == b"\x06\x21"
        )
        if not tolerated:
            self._body.wrong(
                row.name, "write without authentication", "protocol-control 3, 21.3", value
            )
        raise Refused(AttError.INSUFFICIENT_AUTHENTICATION)

    # Client configurations

    def _read_configuration(self, row: Row) -> bytes:
        if row.guarded and not self._body.authenticated:
            raise att.ATT_Error(AttError.INSUFFICIENT_AUTHENTICATION)
        return bytes((self._body.subscribed(row.name), 0))

    def _configure(self, row: Row, value: bytes) -> None:
        session = self._body.session
        if session is None:
            return
        self._body.traffic[row.name].subscriptions += 1
        match value:
            case b"\x01\x00":
                session.subscribed.add(row.name)
                for capability in self._capabilities:
                    capability.subscribed(row.name)
            case b"\x00\x00":
                session.subscribed.discard(row.name)
            case _:
                refused = self._body.wrong(
                    row.name,
                    "client configuration that is neither 01 00 nor 00 00",
                    "protocol-control 3",
                    value,
                )
                raise att.ATT_Error(refused.error)
        self._body.changed()


def _permissions(row: Row) -> att.Attribute.Permissions:
    permissions = att.Attribute.Permissions(0)
    if "R" in row.letters:
        permissions |= att.Attribute.READABLE
    if "W" in row.letters or "C" in row.letters:
        permissions |= att.Attribute.WRITEABLE
    return permissions


def _connection(bearer: att.Bearer) -> Connection:
    return bearer.connection if att.is_enhanced_bearer(bearer) else bearer
