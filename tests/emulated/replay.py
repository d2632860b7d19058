"""Traces as the documents write them down, played by the phone and checked on the way.

One step a line, nothing of it a client's own words:

    on X, off X         the client configuration of X becomes 01 00, 00 00
    blind X             it becomes 01 00 by a write command, which nothing confirms
    listen X            X is heard although its client configuration is left alone
    cmd X bytes         a write command, which is not answered
    req X bytes         a write request; `req X bytes ! 0d` expects that ATT error
    msg 3 bytes         a message of this type on 0020, cut into pieces
    read X bytes        a read and what it has to bring; without bytes, anything; `read X ! 05`
    config X bytes      these bytes into the client configuration of X; `config X bytes ! 13`
    hear X bytes        the next notification of X that no step has heard yet
    beats X n           so many further notifications of X, whatever they say
    quiet X             by now X has said nothing that no step has heard
    key 03              the answer to the challenge heard last, with this opcode

In what is expected `..` is any byte, and `*` at the end is anything or nothing. Bytes may be
written as "text", and repeated: "a"*17, 00*14.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
import re

from bumble import att

from tests.emulated.phone import KEY, Lab, aes, pieces

_WORDS = re.compile(r'(?:"([^"]*)"|\b([0-9a-f]{2}))(?:\*(\d+))?')


def matches(value: bytes, pattern: str) -> bool:
    """Compare bytes with what a trace says about them."""
    wanted = pattern.split()
    if wanted[-1:] == ["*"]:
        wanted.pop()
        value = value[: len(wanted)]
    return len(value) == len(wanted) and all(
        one in {"..", f"{byte:02x}"} for byte, one in zip(value, wanted, strict=True)
    )


def spell(line: str) -> str:
    """Write texts and repeated bytes of a step out."""

    def bytes_of(word: re.Match[str]) -> str:
        text, byte, times = word.groups()
        value = bytes.fromhex(byte) if text is None else text.encode()
        return (value * int(times or 1)).hex(" ")

    return _WORDS.sub(bytes_of, line)


class Replay:
    """One client's session with a band."""

    def __init__(self, here: Lab, key: bytes = KEY) -> None:
        self.here = here
        self.phone = here.phone
        self.key = key
        self._heard: Counter[str] = Counter()
        self._challenge = b""

    async def play(self, trace: str) -> None:
        """Play a trace to its end; name the step that does not go as it says."""
        for line in trace.splitlines():
            if not line.strip():
                continue
            verb, name, *rest = line.split(maxsplit=2)
            try:
                await self._step(verb, name, spell("".join(rest)))
            except TimeoutError:
                raise AssertionError(f"nothing came: {line.strip()}") from None

    async def _step(self, verb: str, name: str, rest: str) -> None:
        steps: dict[str, Callable[[str, str], Awaitable[None]]] = {
            "on": self._on,
            "off": self._off,
            "blind": self._blind,
            "listen": self._listen,
            "cmd": self._command,
            "req": self._request,
            "msg": self._message,
            "config": self._config,
            "read": self._read,
            "hear": self._hear,
            "beats": self._beats,
            "quiet": self._quiet,
            "key": self._answer,
        }
        await steps[verb](name, rest)

    async def _on(self, name: str, _rest: str) -> None:
        await self.phone.subscribe(name)

    async def _off(self, name: str, _rest: str) -> None:
        descriptor = (await self.phone.descriptors(name))["2902"]
        await descriptor.write_value(b"\x00\x00", with_response=True)

    async def _blind(self, name: str, _rest: str) -> None:
        descriptor = (await self.phone.descriptors(name))["2902"]
        self.phone.listen(name)
        await descriptor.write_value(b"\x01\x00", with_response=False)

    async def _listen(self, name: str, _rest: str) -> None:
        self.phone.listen(name)

    async def _command(self, name: str, rest: str) -> None:
        await self.phone.write(name, rest, response=False)

    async def _request(self, name: str, rest: str) -> None:
        value, _, error = rest.partition("!")
        if error:
            assert await self.phone.refused(name, value) == int(error, 16), f"{name}: {rest}"
        else:
            await self.phone.write(name, value)

    async def _message(self, kind: str, rest: str) -> None:
        for piece in pieces(int(kind), bytes.fromhex(rest)):
            await self.phone.write("0020", piece, response=False)

    async def _config(self, name: str, rest: str) -> None:
        value, _, error = rest.partition("!")
        descriptor = (await self.phone.descriptors(name))["2902"]
        code = 0
        try:
            await descriptor.write_value(bytes.fromhex(value), with_response=True)
        except att.ATT_Error as refused:
            code = refused.error_code
        assert code == int(error or "0", 16), f"{name}: {code:02x}"

    async def _read(self, name: str, rest: str) -> None:
        if rest.startswith("!"):
            assert await self.phone.refused(name) == int(rest[1:], 16), f"{name}: {rest}"
            return
        value = await self.phone.read(name)
        assert not rest or matches(value, rest), f"{name}: {value.hex(' ')}"

    async def _hear(self, name: str, rest: str) -> None:
        value = await self.hear(name)
        assert matches(value, rest), f"{name}: {value.hex(' ')}"

    async def _beats(self, name: str, rest: str) -> None:
        for _ in range(int(rest)):
            await self.hear(name)

    async def _quiet(self, name: str, _rest: str) -> None:
        # What was notified before the answer has arrived by then.
        await self.phone.read("2A28")
        unheard = self.phone.heard[name][self._heard[name] :]
        assert not unheard, f"{name}: {unheard[0].hex(' ')}"

    async def _answer(self, opcode: str, _rest: str) -> None:
        answer = aes(self.key, self._challenge)
        await self.phone.write("0009", bytes.fromhex(opcode + "00") + answer, response=False)

    async def hear(self, name: str) -> bytes:
        """Return the next notification that no step has heard."""
        self._heard[name] += 1
        value = await self.phone.hear(name, self._heard[name])
        if name == "0009" and len(value) == 19:
            self._challenge = value[3:]
        return value
