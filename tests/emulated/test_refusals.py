"""What a client must not do, clause by clause, and what the band makes of it.

An emulated band that is as lenient as our own client proves nothing. Each row is one rule of
protocol-control.md or protocol-data.md: the steps that break it, what is answered, and what is
listed. Whatever the row, what the band holds is afterwards what it was before.
"""

from itertools import chain
from typing import NamedTuple

from bumble import att, core
import pytest

from tests.emulated.phone import KEY, Lab, aes, authenticated, lab
from tests.emulated.replay import Replay
from tests.emulator.gatt.body import Json
from tests.emulator.radio import Radio


class Rule(NamedTuple):
    """Something that must not be done.

    Attributes:
        clause: Where it is written.
        what: The rule, as what breaks it.
        trace: The steps, with the answers to them.
        wrongs: What is listed, in this order.
    """

    clause: str
    what: str
    trace: str
    wrongs: tuple[str, ...]


def rules(clause: str, *rows: tuple[str, str, str | tuple[str, ...]]) -> list[Rule]:
    """Write down the rules of one clause."""
    return [
        Rule(clause, what, trace, (wrongs,) if isinstance(wrongs, str) else wrongs)
        for what, trace, wrongs in rows
    ]


def asks(name: str, clause: str, listed: str, *rows: tuple[str, str, str]) -> list[Rule]:
    """Write down commands that are answered on their own characteristic."""
    return rules(
        clause,
        *(
            (what, f"on {name}\ncmd {name} {command}\nhear {name} {reply}", f"{name}: {listed}")
            for what, command, reply in rows
        ),
    )


def messages(kind: int, clause: str, *rows: tuple[str, str]) -> list[Rule]:
    """Write down messages in pieces that are not acknowledged."""
    return rules(
        clause,
        *(
            (listed, f"on 0020\nmsg {kind} {payload}\nquiet 0020", f"0020: {listed}")
            for payload, listed in rows
        ),
    )


def requests(name: str, clause: str, *rows: tuple[str, str, str]) -> list[Rule]:
    """Write down requests that are answered with an ATT error."""
    return rules(
        clause,
        *(
            (listed, f"req {name} {value} ! {error}", f"{name}: {listed}")
            for value, error, listed in rows
        ),
    )


NO_KEY = "write without authentication"

WITHOUT_THE_KEY = [
    *rules(
        "control 3, 21.3",
        ("steps are read", "read 0007 ! 05", "0007: read without authentication"),
        ("the heart rate is read", "read 2A39 ! 05", "2A39: read without authentication"),
        ("0011 is read", "read 0011 ! 05", "0011: read without authentication"),
        ("4a02 is read", "read 4a02 ! 05", "4a02: read without authentication"),
        ("the time is set", "req 2A2B e6 07 0c 0f 14 26 35 04 00 00 04 ! 05", f"2A2B: {NO_KEY}"),
        ("a goal is set", "req 0008 10 00 00 40 1f 00 00 ! 05", f"0008: {NO_KEY}"),
        ("a pulse is asked for", "req 2A39 15 02 01 ! 05", f"2A39: {NO_KEY}"),
        ("the band is rebooted", "req 1531 05 ! 05", f"1531: {NO_KEY}"),
        ("a file is announced", "req 1531 01 08 46 00*3 ad 66 8f 23 ! 05", f"1531: {NO_KEY}"),
        ("a file is sent", "cmd 1532 48 4d", f"1532: {NO_KEY}"),
        ("raw data are stopped", "cmd 0001 03", f"0001: {NO_KEY}"),
        ("a workout is written", "cmd 000f 11 02", f"000f: {NO_KEY}"),
        ("a setting is written", "on 0003\ncmd 0003 06 03 00 01\nquiet 0003", f"0003: {NO_KEY}"),
        ("an alarm is set", "on 0003\ncmd 0003 02 80 07 1e 1f\nquiet 0003", f"0003: {NO_KEY}"),
        ("alarms are read", "on 0003\ncmd 0003 0d\nquiet 0003", f"0003: {NO_KEY}"),
        ("everything is erased", "on 0003\ncmd 0003 06 0b 00 01\nquiet 0003", f"0003: {NO_KEY}"),
        (
            "minutes are asked for",
            "on 0004\ncmd 0004 01 01 e8 07 03 09 07 1e 00 08\nquiet 0004",
            f"0004: {NO_KEY}",
        ),
        (
            "an alert of an app",
            'on 0020\nmsg 0 fa 00*4 01 0b "A" 00 "B" 00 "C" 00\nquiet 0020',
            "0020: message without authentication",
        ),
        (
            "weather",
            'on 0020\nmsg 1 08 "Madrid" 00\nquiet 0020',
            "0020: message without authentication",
        ),
        (
            "a reminder",
            "on 0020\nmsg 2 0b 05 08 00*4\nquiet 0020",
            "0020: message without authentication",
        ),
        (
            "the phone's place",
            "on 0020\nmsg 6 06 01 00 00 00 01\nquiet 0020",
            "0020: message without authentication",
        ),
    ),
    *asks(
        "0009",
        "control 5.1",
        "wrong length",
        ("a challenge is asked for by the opcode alone and a byte", "02 00 00", "10 02 04"),
        ("the same in the other form, without its tail", "82 00", "10 82 04"),
        ("the same, with half of its tail", "82 00 02 01", "10 82 04"),
        ("the same, with another tail", "82 00 03", "10 82 04"),
        ("an answer of 15 bytes", "03 00 41*15", "10 03 04"),
        ("an answer of 17 bytes", "83 00 41*17", "10 83 04"),
        ("a key of 15 bytes", "01 00 41*15", "10 01 04"),
    ),
    *asks(
        "0009",
        "control 1.2, 5.1",
        "second byte is not this band's 00",
        ("the flags of other models", "02 08", "10 02 04"),
        ("their key", "01 08 41*16", "10 01 04"),
        ("their answer", "03 08 41*16", "10 03 04"),
        ("half a command", "02", "10 02 04"),
    ),
    *asks("0009", "control 5.1", "unknown opcode", ("an opcode of nothing", "04 00", "10 04 04")),
    *rules(
        "control 5.2",
        (
            "an answer that nobody asked for",
            "on 0009\ncmd 0009 83 00 41*16\nhear 0009 10 83 04",
            "0009: answer without a challenge",
        ),
        (
            "the two forms are mixed",
            "on 0009\ncmd 0009 02 00\nhear 0009 10 02 01 *\nkey 83\nhear 0009 10 83 04",
            "0009: opcode families mixed within one exchange",
        ),
        (
            "the two forms are mixed the other way round",
            "on 0009\ncmd 0009 82 00 02\nhear 0009 10 82 01 *\nkey 03\nhear 0009 10 03 04",
            "0009: opcode families mixed within one exchange",
        ),
        (
            "a challenge is asked for before its answer can be heard",
            "listen 0009\ncmd 0009 02 00\nquiet 0009",
            "0009: nobody hears the reply: CCCD is off",
        ),
    ),
    *messages(
        4,
        "control 5.3",
        ("83 00 41*64 00*3", "type 4 message of 69 bytes, not 83 00, signature, 00 00 00 00"),
        ("83 00 41*64 00*3 01", "type 4 message of 70 bytes, not 83 00, signature, 00 00 00 00"),
        ("82 00 41*64 00*4", "type 4 message of 70 bytes, not 83 00, signature, 00 00 00 00"),
    ),
    *rules(
        "control 2.3, data 10",
        (
            "more bytes than the MTU has room for",
            "cmd 0020 00 c3 00 41*18\nread 2A28",
            "0020: write command: longer than the ATT MTU allows",
        ),
    ),
    *rules(
        "control 3",
        ("the serial number is written", "req 2A25 41 ! 03", "2A25: write request: NOT"),
        ("the version is written", "req 2A28 41 ! 03", "2A28: write request: NOT"),
        ("the battery is written", "req 0006 0f ! 03", "0006: write request: NOT"),
        ("steps are written", "req 0007 0c ! 03", "0007: write request: NOT"),
        ("an event is written", "cmd 0010 08\nread 2A28", "0010: write command: NOT"),
        ("a measurement is read", "read 2A37 ! 02", "2A37: read request: cannot be read"),
        ("configuration is read", "read 0003 ! 02", "0003: read request: cannot be read"),
        ("an event is read", "read 0010 ! 02", "0010: read request: cannot be read"),
        ("records are read", "read 0005 ! 02", "0005: read request: cannot be read"),
        ("an alert by command", "cmd 2A46 05 01 41\nread 2A28", "2A46: write command: NOT"),
        ("time by command", "cmd 2A2B 00\nread 2A28", "2A2B: write command: NOT"),
        ("a goal by command", "cmd 0008 10\nread 2A28", "0008: write command: NOT"),
        ("a pulse by command", "cmd 2A39 16\nread 2A28", "2A39: write command: NOT"),
        ("a file is announced by command", "cmd 1531 01\nread 2A28", "1531: write command: NOT"),
        ("a setting by request", "req 0003 06 03 00 01 ! 03", "0003: write request: NOT"),
        ("a challenge by request", "req 0009 02 00 ! 03", "0009: write request: NOT"),
        ("a message by request", "req 0020 00 c3 00 40 32 ! 03", "0020: write request: NOT"),
        ("a fetch by request", "req 0004 02 ! 03", "0004: write request: NOT"),
        ("a search by request", "req 2A06 03 ! 03", "2A06: write request: NOT"),
        ("a file by request", "req 1532 48 ! 03", "1532: write request: NOT"),
        (
            "indications are asked for",
            "config 0006 02 00 ! 13",
            "0006: client configuration that is neither 01 00 nor 00 00",
        ),
        (
            "half a client configuration",
            "config 0006 01 ! 13",
            "0006: client configuration that is neither 01 00 nor 00 00",
        ),
        *(
            (
                f"{name} is written, and nobody knows what it is",
                f"req {name} 01 ! 13",
                f"{name}: write without a documented meaning",
            )
            for name in ("2A44", "000e", "0013", "fedd", "fed0", "fed1", "fed3", "fec1", "4a02")
        ),
        *(
            (
                f"{name} is commanded, and nobody knows what it is",
                f"cmd {name} 01\nread 2A28",
                f"{name}: write without a documented meaning",
            )
            for name in ("2A04", "0011", "0012")
        ),
    ),
    *rules(
        "control 4.3",
        *(
            (
                listed,
                "on 0020\n" + "\n".join(f"cmd 0020 {piece}" for piece in sent) + "\nquiet 0020",
                f"0020: {listed}",
            )
            for listed, sent in (
                ("piece without header and data", ["00 c3 00"]),
                ("piece without header and data", ["01 c3 00 40 32"]),
                ("unknown flags", ["00 f3 00 40 32"]),
                ("unknown flags", ["00 13 00 40 32"]),
                ("message of unknown type 5", ["00 c5 00 40 32"]),
                ("message of unknown type 9", ["00 c9 00 40 32"]),
                ("piece 1 where 0 was due", ["00 c3 01 40 32"]),
                ("piece 2 where 1 was due", ["00 03 00 02", "00 83 02 41 00"]),
                ("piece 0 where 1 was due", ["00 03 00 02", "00 83 00 41 00"]),
                ("piece of a message that was not begun", ["00 43 01 40"]),
                ("piece of a message that was not begun", ["00 83 01 40"]),
                ("piece of a message that was not begun", ["00 03 00 02", "00 84 01 41 00"]),
            )
        ),
        (
            "a message is begun anew in the middle",
            "on 0020\ncmd 0020 00 03 00 02\ncmd 0020 00 03 00 02\nquiet 0020",
            "0020: new message before the last one was complete",
        ),
    ),
    *requests(
        "2A46",
        "control 14.2",
        ("05", "0d", "no category and count"),
        ('05 02 "A"', "13", "unknown category or count"),
        ('05 00 "A"', "13", "unknown category or count"),
        ("04 00", "13", "unknown category or count"),
        ('0a 01 "A"', "13", "unknown category or count"),
        ('fa 01 0b "A"', "13", "unknown category or count"),
        ("05 01 c3", "13", "text that is not UTF-8"),
        ('03 00 "A"', "13", "end of a call with a text"),
    ),
    *messages(
        3,
        "control 16.1",
        ("80", "unknown music flag"),
        ("01 02 00 00 00", "unknown music state"),
        ("01 01 01 00 00", "unknown music state"),
        ("01 01 00 00", "too short"),
        ("02 00", "music text empty or of more than 80 characters"),
        ('08 "a"*81 00', "music text empty or of more than 80 characters"),
        ('04 "a"', "text without NUL"),
        ("08 ff 00", "text that is not UTF-8"),
        ("10 ca", "too short"),
        ("40 65", "volume above 100"),
        ("40 ff", "volume above 100"),
        ("40 32 00 00", "2 bytes too many"),
        ("40 32 01", "1 bytes too many"),
    ),
    *rules(
        "control 17.1",
        *(
            (
                f"alert level {level}",
                f"cmd 2A06 {level}\nread 2A28",
                "2A06: alert level that is not 00..03",
            )
            for level in ("04", "ff", "03 00", "ff 64 00 64 00 03")
        ),
    ),
]

# Speed, altitude and time of a position; INIT of the documents' watch face; START.
AT = "14 00 00 00 e8 fd 00 00 00 68 e5 cf 8b 01 00 00"
ANNOUNCED = """
    on 1531
    req 1531 01 08 46 00*3 ad 66 8f 23
    hear 1531 10 01 01
"""
TWENTY = "cmd 1532 41*20\n"
STARTED = f"""
    {ANNOUNCED}
    req 1531 03 01
"""


def settings(clause: str, number: str, name: str, *values: str) -> list[Rule]:
    """Write down values that a setting of the 06 family does not have."""
    return [
        Rule(
            clause,
            f"{name}: {value}",
            f"on 0003\ncmd 0003 06 {number} 00 {value}\nhear 0003 10 06 {number} 00 06",
            (f"0003: value that {name} does not have",),
        )
        for value in values
    ]


WITH_THE_KEY = [
    # Settings
    *rules(
        "control 4.1",
        (
            "an opcode of nothing",
            "on 0003\ncmd 0003 40\nhear 0003 10 40 05",
            "0003: unknown opcode",
        ),
        (
            "what later models know",
            "on 0003\ncmd 0003 39 00*9\nhear 0003 10 39 05",
            "0003: unknown opcode",
        ),
        (
            "a question with something behind it",
            "on 0003\ncmd 0003 0d 00\nhear 0003 10 0d 04",
            "0003: question of more than its opcode",
        ),
        (
            "a question whose answer nobody hears",
            "listen 0003\ncmd 0003 0d\nquiet 0003",
            "0003: nobody hears the reply: CCCD is off",
        ),
        (
            "a setting without a value",
            "on 0003\ncmd 0003 06 03 00\nhear 0003 10 06 03 00 06",
            "0003: not 06, id, 00 and a value",
        ),
        (
            "a setting without its 00",
            "on 0003\ncmd 0003 06 03 01 01\nhear 0003 10 06 03 01 06",
            "0003: not 06, id, 00 and a value",
        ),
        (
            "an unknown setting",
            "on 0003\ncmd 0003 06 40 00 01\nhear 0003 10 06 40 00 05",
            "0003: unknown setting 40",
        ),
        (
            "the language of older models",
            "on 0003\ncmd 0003 06 13 00 02\nhear 0003 10 06 13 00 05",
            "0003: unknown setting 13",
        ),
        (
            "the language of newer models",
            "on 0003\ncmd 0003 06 3b 00 02 03\nhear 0003 10 06 3b 00 05",
            "0003: unknown setting 3b",
        ),
        (
            "another long question",
            "on 0003\ncmd 0003 ff 11 00 00 00\nhear 0003 10 ff 05",
            "0003: unknown long question",
        ),
    ),
    *chain.from_iterable(
        settings("control 9.4", number, name, "02", "ff", "01 01")
        for number, name in (
            ("01", "visible"),
            ("02", "time_format_24h"),
            ("03", "imperial"),
            ("06", "goal_notification"),
            ("0d", "rotate_wrist"),
            ("16", "swipe_unlock"),
            ("19", "phone_silent"),
            ("1f", "share_heart_rate"),
            ("22", "activity_heart_rate"),
            ("23", "lift_wrist_sensitive"),
        )
    ),
    *settings("control 9.4", "0a", "idle_screen_date", "01", "02", "03 00"),
    *settings("control 9.4", "10", "show_caller", "01", "00 02", "01 00", "00 01 00"),
    *settings("control 9.4", "1a", "heart_rate_alert", "01", "02 96", "01 96 00"),
    *settings("control 9.5", "17", "language", '"en"', '"en_US" 00', '"xx_XX"', '"EN_us"'),
    *settings("control 9.6", "1e", "date_format", '"dd/MM/yy"', '"yyyy-MM-dd"', '"dd/MM/yyyy" 00'),
    *settings(
        "control 9.7",
        "05",
        "lift_wrist",
        "02",
        "02 08 00 16 1e",
        "01 18 00 16 1e",
        "01 08 3c 16 1e",
        "01 08 00 16",
        "01 08 00 16 1e 00",
    ),
    *settings("control 9.9", "0c", "disconnect_alert", "00", "01 18 00 00 00", "01 00*5"),
    *asks(
        "0003",
        "control 9.8",
        "do not disturb of another shape",
        ("a mode of nothing", "09 84", "10 09 04"),
        ("off, with the bit that off has not", "09 02", "10 09 04"),
        ("times without a schedule", "09 82 01 00 06 00", "10 09 04"),
        ("a schedule without times", "09 81", "10 09 04"),
        ("an hour of nothing", "09 81 18 00 06 00", "10 09 04"),
    ),
    *asks(
        "0003",
        "control 9.10",
        "night mode of another shape",
        ("a mode of nothing", "1a 03", "10 1a 04"),
        ("a schedule without times", "1a 01", "10 1a 04"),
        ("a minute of nothing", "1a 01 10 3c 07 00", "10 1a 04"),
        ("times without a schedule", "1a 02 10 00 07 00", "10 1a 04"),
    ),
    *asks(
        "0003",
        "control 9.11",
        "inactivity warning of another shape",
        ("one interval alone", "08 01 3c 00 06 00 16 00", "10 08 04"),
        ("neither on nor off", "08 02 3c 00 06 00 16 00 00*4", "10 08 04"),
        ("no 00 behind the minutes", "08 01 3c 01 06 00 16 00 00*4", "10 08 04"),
        ("an hour of nothing", "08 01 3c 00 06 00 18 00 00*4", "10 08 04"),
    ),
    *asks(
        "0003",
        "control 10.1, variant O",
        "display mask of another shape",
        ("too short", "0a 7f 00 00 01 02 03 04 05 06 07", "10 0a 04"),
        ("no clock", "0a 7e 00 00 01 02 03 04 05 06 07 08", "10 0a 04"),
        ("the clock is numbered", "0a 7f 00 01 02 03 04 05 06 07 08 00", "10 0a 04"),
        ("a place taken twice", "0a 7f 00 00 01 01 03 04 05 06 07 08", "10 0a 04"),
        ("a screen of nothing", "0a 7f 02 00 01 02 03 04 05 06 07 08", "10 0a 04"),
        (
            "a hidden screen before the shown ones",
            "0a 05 00 00 01 02 03 04 05 06 07 08",
            "10 0a 04",
        ),
    ),
    *asks(
        "0003",
        "control 10.2",
        "PIN that is not 4 digits of 1..4 and NUL",
        ("a 0", '06 21 00 01 "0123" 00', "10 06 21 00 06"),
        ("a 5", '06 21 00 01 "1235" 00', "10 06 21 00 06"),
        ("three digits", '06 21 00 01 "123" 00', "10 06 21 00 06"),
        ("five digits", '06 21 00 01 "12341" 00', "10 06 21 00 06"),
        ("no NUL", '06 21 00 01 "1234"', "10 06 21 00 06"),
        ("numbers instead of digits", "06 21 00 01 01 02 03 04 00", "10 06 21 00 06"),
        ("neither on nor off", '06 21 00 02 "1234" 00', "10 06 21 00 06"),
    ),
    *asks(
        "0003",
        "control 12.1",
        "alarm slot or time out of range",
        ("slot 10", "02 8a 07 1e 1f", "10 02 04"),
        ("slot 31", "02 9f 07 1e 1f", "10 02 04"),
        ("hour 24", "02 80 18 1e 1f", "10 02 04"),
        ("minute 60", "02 80 07 3c 1f", "10 02 04"),
    ),
    *asks(
        "0003",
        "control 12.1",
        "once, and weekdays",
        ("once and on Mondays", "02 80 07 1e 81", "10 02 04"),
        ("once and every day", "02 80 07 1e ff", "10 02 04"),
    ),
    *asks(
        "0003",
        "control 12.1",
        "alarm that is not 5 bytes",
        ("no days", "02 80 07 1e", "10 02 04"),
        ("two alarms at once", "02 80 07 1e 1f 02 81 08 1e 1f", "10 02 04"),
    ),
    *asks(
        "0003",
        "control 19.2",
        "find-phone answer that is not 00 or 01",
        ("another answer", "06 14 00 02", "10 06 14 00 06"),
        ("a longer one", "06 14 00 00 01", "10 06 14 00 06"),
    ),
    *asks(
        "0003",
        "control 20.1",
        "factory reset without 01",
        ("a reset of 00", "06 0b 00 00", "10 06 0b 00 06"),
        ("a longer one", "06 0b 00 01 01", "10 06 0b 00 06"),
    ),
    # Time, profile, heart rate
    *requests(
        "2A2B",
        "control 8",
        ("e8 07 07 01 09 05", "0d", "time that is not 11 bytes"),
        ("e8 07 07 01 09 05 00 01 00 00", "0d", "time that is not 11 bytes"),
        ("e8 07 07 01 09 05 00 01 00 00 f0 00", "0d", "time that is not 11 bytes"),
        ("e8 07 00 01 09 05 00 01 00 00 f0", "13", "time that does not exist"),
        ("e8 07 0d 01 09 05 00 01 00 00 f0", "13", "time that does not exist"),
        ("e7 07 02 1d 09 05 00 01 00 00 f0", "13", "time that does not exist"),
        ("e8 07 07 01 18 05 00 01 00 00 f0", "13", "time that does not exist"),
        ("e8 07 07 01 09 3c 00 01 00 00 f0", "13", "time that does not exist"),
        ("e8 07 07 01 09 05 3c 01 00 00 f0", "13", "time that does not exist"),
        ("e8 07 07 01 09 05 00 08 00 00 f0", "13", "weekday outside 0..7"),
        ("e8 07 07 01 09 05 00 01 00 04 f0", "13", "daylight saving outside the offset"),
        ("e8 07 07 01 09 05 00 01 00 00 cf", "13", "offset outside -48..56"),
        ("e8 07 07 01 09 05 00 01 00 00 39", "13", "offset outside -48..56"),
        ("e8 07 07 01 09 05 00 01 00 00 80", "13", "offset outside -48..56"),
    ),
    *requests(
        "0008",
        "control 9.1",
        ("4f 00 00 c6 07 06 0f 00 b4 00 98 3a", "0d", "not 16 bytes"),
        ("4f 00 00 c6 07 0d 0f 00 b4 00 98 3a 00*4", "13", "birth or sex out of range"),
        ("4f 00 00 c6 07 06 20 00 b4 00 98 3a 00*4", "13", "birth or sex out of range"),
        ("4f 00 00 c6 07 06 0f 03 b4 00 98 3a 00*4", "13", "birth or sex out of range"),
        ("4f 00 00 00 00 06 0f 00 b4 00 98 3a 00*4", "13", "birth or sex out of range"),
        ("4f 00 00 c6 07 06 0f 00 00 00 98 3a 00*4", "13", "nobody's height or weight"),
        ("4f 00 00 c6 07 06 0f 00 b4 00 00 00 00*4", "13", "nobody's height or weight"),
        ("50 00 00 01", "13", "unknown opcode"),
        ("4f 01 00 c6 07 06 0f 00 b4 00 98 3a 00*4", "13", "unknown opcode"),
    ),
    *requests(
        "0008",
        "control 9.2",
        ("10 00 00 40 1f", "0d", "not 7 bytes"),
        ("10 00 00 00 00 00 00", "13", "goal of 0, or not 00 00 behind it"),
        ("10 00 00 40 1f 01 00", "13", "goal of 0, or not 00 00 behind it"),
    ),
    *requests(
        "0008",
        "control 9.3",
        ("20 00 00 01", "13", "wrist that nobody has"),
        ("20 00 00 02 00", "0d", "not 4 bytes"),
    ),
    *requests(
        "2A39",
        "control 11",
        ("14", "13", "heart-rate command of another shape"),
        ("14 79", "13", "heart-rate command of another shape"),
        ("14 0a 00", "13", "heart-rate command of another shape"),
        ("15 03 01", "13", "heart-rate command of another shape"),
        ("15 01 02", "13", "heart-rate command of another shape"),
        ("15 01", "13", "heart-rate command of another shape"),
        ("15 01 01 00", "0d", "heart-rate command of another shape"),
        ("16 01", "13", "heart-rate command of another shape"),
        ("17", "13", "unknown opcode"),
    ),
    *rules(
        "data 0.4",
        (
            "raw data are asked for",
            "cmd 0001 01 03 19\nread 2A28",
            "0001: write without a documented meaning",
        ),
        (
            "something is written where workouts are told",
            "cmd 000f 11 02\nread 2A28",
            "000f: write without a documented meaning",
        ),
    ),
    *rules(
        "data 2.4",
        (
            "measured without pause for nobody",
            "req 2A39 15 01 01\nreq 2A39 15 01 00",
            "2A37: nobody hears the measurements: CCCD is off",
        ),
    ),
    # What is shown
    *messages(
        0,
        "control 14.1",
        ('06 00*4 01 "A" 00 "B" 00 20 00', "alert: category that is not fa, 05 or 01"),
        (
            'fa 00*3 01 01 0b "A" 00 "B" 00 "C" 00',
            "alert: header that is not 00 00 00 00 01 behind the category",
        ),
        (
            'fa 00*4 02 0b "A" 00 "B" 00 "C" 00',
            "alert: header that is not 00 00 00 00 01 behind the category",
        ),
        ('fa 01 0b "A" 00', "alert: header that is not 00 00 00 00 01 behind the category"),
        ('fa 00*4 01 25 "A" 00 "B" 00 "C" 00', "alert: icon that no table has"),
        ('fa 00*4 01 0b "A" 00 "B"', "alert: not title NUL body NUL name NUL"),
        ('fa 00*4 01 0b "A" 00 "B" 00 "C"', "alert: not title NUL body NUL name NUL"),
        ('05 00*4 01 "A" 00 "B"', "alert: not title NUL body NUL name NUL"),
        ('05 00*4 01 "A" 00 "B" 00 00', "alert: no name behind the body, so that nothing is shown"),
        ('fa 00*4 01 0b "A" 00 00 "C" 00', "alert: empty body where a space belongs"),
        ('fa 00*4 01 0b "A"*33 00 "B" 00 "C" 00', "alert: title of more than 32 characters"),
        ('fa 00*4 01 0b "A" 00 "B"*222 00 "C" 00', "alert: title and body beyond 223 bytes"),
        ('01 00*4 01 "A" 00 "B"*223 00 20 00', "alert: title and body beyond 224 bytes"),
        (
            'fa 00*4 01 0b "A" 00 c3 00 "C" 00',
            "alert: text that is not UTF-8, half a character perhaps",
        ),
    ),
    *messages(
        1,
        "control 18",
        ('10 "A" 00', "weather record 10"),
        ('40 "A" 00', "weather record 40"),
        ('08 "Madrid"', "text without NUL"),
        ('08 "Madrid" 00 00', "1 bytes too many"),
        ("02 00 f1 53 65 04 00", "too short"),
        ("02 00 f1 53 65 04 00 15", "text without NUL"),
        ('02 00 f1 53 65 04 1e 15 "A" 00', "condition 1e"),
        ('02 00 f1 53 65 04 36 15 "A" 00', "condition 36"),
        ('02 00 f1 53 65 39 00 15 "A" 00', "offset outside -48..56"),
        ("04 00 f1 53 65 04 fe ff 00", "air of less than nothing"),
        ("01 00 f1 53 65 04 00", "forecast of 0 days"),
        ("01 00 f1 53 65 04 08", "forecast of 8 days"),
        ('01 00 f1 53 65 04 02 00 00 19 0e "A" 00', "too short"),
        ('01 00 f1 53 65 04 01 00 00 19 0e "A" 00 00', "1 bytes too many"),
    ),
    *messages(
        2,
        "control 13",
        ("0b 16 08 00*4", "reminder slot 22"),
        ("0b 05 08 00*2", "too short"),
        ("0b 05 08 00*3", "deleted reminder with anything but NULs, 1 or 14"),
        ("0b 05 08 00*3 01", "deleted reminder with anything but NULs, 1 or 14"),
        ("0b 05 08 00*5", "deleted reminder with anything but NULs, 1 or 14"),
        ("0b 05 08 00*16", "deleted reminder with anything but NULs, 1 or 14"),
        ('0b 00 0b 00 00 00 e8 07 05 14 09 00 00 "A" 00', "unknown reminder flag"),
        ('0b 00 09 40 00 00 e8 07 05 14 09 00 00 "A" 00', "unknown reminder flag"),
        ('0b 00 09 00 00 00 e8 07 02 1e 09 00 00 "A" 00', "date that does not exist"),
        ('0b 00 09 00 00 00 e8 07 05 14 18 00 00 "A" 00', "date that does not exist"),
        ('0b 00 09 00 00 00 e8 07 05 14 09 00 01 "A" 00', "no 00 before the text of a reminder"),
        ('0b 00 09 00 00 00 e8 07 05 14 09 00 00 "A"', "text without NUL"),
        (
            '0b 00 09 00 00 00 e8 07 05 14 09 00 00 "A"*17 00',
            "reminder of more than 16 characters",
        ),
        ("0b 00 0d 00 00 00 e8 07 05 14 09 00 00", "too short"),
        ('0b 00 01 00 00 00 e8 07 05 14 09 00 00 "A" 00', "2 bytes too many"),
    ),
    *messages(
        2,
        "control 10.1, variant N",
        ("1e", "the watch face is not first and shown"),
        ("1e 00 00 ff 01", "the watch face is not first and shown"),
        ("1e 00 01 ff 12", "the watch face is not first and shown"),
        ("1e 00 00 ff 12 02 00 ff 01", "display item of another shape"),
        ("1e 00 00 fd 12", "display item of another shape"),
        ("1e 00 02 ff 12", "display item of another shape"),
        ("1e 00 00 ff 12 01 00 ff 16", "display item of another shape"),
        ("1e 00 00 ff 12 01 00 ff", "too short"),
        ("1e 00 00 ff 12 01 01 ff 01 02 00 ff 02", "display item shown behind a hidden one"),
        ("1e 00 00 ff 12 01 00 ff 01 02 01 ff 01", "display item twice"),
    ),
    *messages(
        2,
        "control 17.2",
        ("20 03 41 64 00 64 00", "vibration pattern of another shape"),
        ("20 0a 41 64 00 64 00", "vibration pattern of another shape"),
        ("20 01 01 64 00 64 00", "vibration pattern of another shape"),
        ("20 01 42 64 00 64 00", "too short"),
        ("20 01 41 64 00 64 00 64 00", "2 bytes too many"),
        ("20 01 41 10 27 01 00", "vibration of more than 10 s"),
        ("99 00", "unknown list 99"),
    ),
    *messages(
        6,
        "control 19.4",
        ("05 01 00 00 00 01", "position that does not begin with 06"),
        ("06 02 00 00 00", "unknown position flag"),
        ("06 01 00 00 00 03", "position of unknown status"),
        ("06 01 00 00 00 01 00", "1 bytes too many"),
        ("06 00 00 04 00 18 74 56 ff", "too short"),
        (f"06 00 00 04 00 18 74 56 ff 60 22 3a 07 {AT} 00*4 00*3", "position with another end"),
        (f"06 00 00 04 00 18 74 56 ff 60 22 3a 07 {AT} ff*4 00 01 00", "position with another end"),
        (
            f"06 00 00 04 00 c0 85 5d 20 60 22 3a 07 {AT} ff*4 00*3",
            "position beyond the poles or the date line",
        ),
        (
            f"06 00 00 04 00 18 74 56 ff c0 59 ba ef {AT} ff*4 00*3",
            "position beyond the poles or the date line",
        ),
    ),
    # Stored records
    *asks(
        "0004",
        "data 4.1",
        "unknown fetch command",
        ("START without a time", "01 01", "10 01 04"),
        ("START without a zone", "01 01 e8 07 03 09 07 1e", "10 01 04"),
        ("START with seconds and nothing else", "01 01 e8 07 03 09 07 1e 0f 00 08", "10 01 04"),
        ("SEND with something behind it", "02 01", "10 02 04"),
        ("the acknowledgement of later devices", "03 01", "10 03 04"),
        ("the other one of theirs", "03 09", "10 03 04"),
        ("a command of nothing", "04", "10 04 04"),
    ),
    *asks(
        "0004",
        "data 0.3, 4.1",
        "time that does not exist",
        ("month 13", "01 01 e8 07 0d 09 07 1e 00 08", "10 01 04"),
        ("February 30", "01 01 e8 07 02 1e 07 1e 00 08", "10 01 04"),
        ("hour 24", "01 01 e8 07 03 09 18 1e 00 08", "10 01 04"),
        ("minute 60", "01 01 e8 07 03 09 07 3c 00 08", "10 01 04"),
        ("no 00 before the zone", "01 01 e8 07 03 09 07 1e 04 08", "10 01 04"),
        ("a zone of nothing", "01 01 e8 07 03 09 07 1e 00 39", "10 01 04"),
        ("second 60", "01 01 e8 07 03 09 07 1e 3c 06 00 00 08", "10 01 04"),
        ("seconds and another weekday", "01 01 e8 07 03 09 07 1e 0f 05 00 00 08", "10 01 04"),
        ("seconds and a fraction", "01 01 e8 07 03 09 07 1e 0f 06 80 00 08", "10 01 04"),
    ),
    *rules(
        "data 4.4, 4.9",
        (
            "SEND without START",
            "on 0004\ncmd 0004 02\nhear 0004 10 02 04",
            "0004: SEND without records to send",
        ),
        (
            "START that nobody hears the answer to",
            "listen 0004\ncmd 0004 01 05 e8 07 03 09 07 1e 00 08\nquiet 0004",
            "0004: nobody hears the reply: CCCD is off",
        ),
    ),
    # Files
    *rules(
        "data 9.1",
        *(
            (what, f"on 1531\nreq 1531 {command}\nhear 1531 {reply}", "1531: unknown command")
            for what, command, reply in (
                ("the INIT of older models", "01 46 00 00", "10 01 04"),
                ("their INIT with a type", "01 46 00 00 02", "10 01 04"),
                ("their START", "03", "10 03 04"),
                ("their FINISH with a checksum", "04 f8 12", "10 04 04"),
                ("the INIT of later models", "d0", "10 d0 04"),
                ("INIT with a byte too many", "01 08 46 00*3 ad 66 8f 23 00", "10 01 04"),
                ("SYNC with something behind it", "00 00", "10 00 04"),
                ("REBOOT with something behind it", "05 01", "10 05 04"),
            )
        ),
    ),
    *rules(
        "data 9.2, 9.4",
        (
            "START without INIT",
            "on 1531\nreq 1531 03 01\nhear 1531 10 03 02",
            "1531: START without an accepted INIT, or not 03 01",
        ),
        (
            "START of 00",
            f"{ANNOUNCED}\nreq 1531 03 00\nhear 1531 10 03 02",
            "1531: START without an accepted INIT, or not 03 01",
        ),
        (
            "data before START",
            f"{ANNOUNCED}\ncmd 1532 48 4d\nquiet 1531",
            "1532: data without a transfer that was started",
        ),
        (
            "data without INIT",
            "on 1531\ncmd 1532 48 4d\nquiet 1531",
            "1532: data without a transfer that was started",
        ),
        (
            "SYNC without a file",
            "on 1531\nreq 1531 00\nquiet 1531",
            "1531: SYNC without a transfer",
        ),
        (
            "FINISH without a file",
            "on 1531\nreq 1531 04\nhear 1531 10 04 02",
            "1531: FINISH before all bytes are in",
        ),
        (
            "FINISH in the middle",
            f"{STARTED}\ncmd 1532 48 4d\nreq 1531 00\nreq 1531 04\nhear 1531 10 04 02",
            "1531: FINISH before all bytes are in",
        ),
        (
            "more bytes than announced",
            f"{STARTED}\n{3 * TWENTY}cmd 1532 41*11\nhear 1531 10 03 04",
            "1532: more bytes than announced",
        ),
        (
            "INIT that nobody hears the answer to",
            "listen 1531\nreq 1531 01 08 46 00*3 ad 66 8f 23\nquiet 1531",
            "1531: nobody hears the reply: CCCD is off",
        ),
    ),
    *rules(
        "data 4.8",
        (
            "a fetch while a file is on its way",
            f"{ANNOUNCED}\non 0004\ncmd 0004 01 05 e8 07 03 09 07 1e 00 08\nhear 0004 10 01 02",
            "0004: START while a file is uploaded",
        ),
    ),
]

# What a band holds, and what nothing in this file may change.
HELD = (
    *("bound", "authenticated", "settings", "alarms", "acknowledgements", "user_profile"),
    *("weather", "music", "reminders", "display_items", "vibration_patterns", "positions"),
    *("alerts", "calls", "calling", "find", "messages", "reboots"),
)


def held(here: Lab) -> dict[str, Json]:
    """Return what the band holds."""
    state = here.band.snapshot()
    found = {name: state[name] for name in HELD}
    # A message is kept as it came before anybody looks into it.
    del found["messages"]
    for name, parts in {
        "time": ("zone", "writes"),
        "heart_rate": ("interval", "sleep", "continuous", "one_shot"),
        # Not the minutes, which come with the time.
        "records": ("acknowledged", "workouts"),
        "firmware": ("running", "installed", "holds"),
    }.items():
        whole = state[name]
        assert isinstance(whole, dict)
        found |= {f"{name}.{part}": whole[part] for part in parts}
    find = found["find"]
    assert isinstance(find, dict)
    found["find"] = find["runs"]
    return found


def _named(rows: list[Rule]) -> list[str]:
    return [f"{row.clause}: {row.what}" for row in rows]


async def _break(here: Lab, rule: Rule) -> None:
    before = held(here)
    await Replay(here).play(rule.trace)
    # A command is in the band when a later request is answered.
    await here.phone.read("2A28")
    expected = tuple(one.replace("NOT", "cannot be written this way") for one in rule.wrongs)
    assert tuple(here.wrongs) == expected
    assert held(here) == before


@pytest.mark.parametrize("rule", WITHOUT_THE_KEY, ids=_named(WITHOUT_THE_KEY))
async def test_without_the_key_a_client_must_not(radio: Radio, rule: Rule) -> None:
    async with lab(radio) as here:
        await _break(here, rule)


@pytest.mark.parametrize("rule", WITH_THE_KEY, ids=_named(WITH_THE_KEY))
async def test_with_the_key_a_client_must_not(radio: Radio, rule: Rule) -> None:
    async with authenticated(radio) as here:
        await _break(here, rule)


# What is no row


async def test_an_answer_counts_once(radio: Radio) -> None:
    """A challenge is forgotten with its answer: protocol-control 5.6."""
    async with lab(radio) as here:
        replay = Replay(here)
        await replay.play("on 0009\ncmd 0009 02 00")
        challenge = (await replay.hear("0009"))[3:]
        answer = b"\x03\x00" + aes(KEY, challenge)
        await here.phone.command("0009", answer)
        await here.phone.command("0009", answer)
        await replay.play("hear 0009 10 03 01\nhear 0009 10 03 04")
        assert here.wrongs == ["0009: answer without a challenge"]


async def test_what_cannot_be_read_cannot_be_read_by_its_type(radio: Radio) -> None:
    """A read by type knows no handle, and the property has to hold all the same."""
    async with authenticated(radio) as here:
        assert here.phone.connection is not None
        client = here.phone.connection.gatt_client
        for name in ("2A37", "2A28"):
            response = await client.send_request(
                att.ATT_Read_By_Type_Request(
                    starting_handle=1,
                    ending_handle=0xFFFF,
                    attribute_type=core.UUID.from_16_bits(int(name, 16)),
                )
            )
            if name == "2A28":
                assert isinstance(response, att.ATT_Read_By_Type_Response)
            else:
                assert isinstance(response, att.ATT_Error_Response)
                assert response.error_code == att.ATT_READ_NOT_PERMITTED_ERROR
        assert here.wrongs == ["2A37: read of what cannot be read"]


async def test_a_caller_has_255_characters_at_most(radio: Radio) -> None:
    """The longest name arrives by a long write: protocol-control 4.2 and section 15."""
    async with lab(radio) as here:
        assert here.phone.connection is not None
        client = here.phone.connection.gatt_client
        handle = here.phone.characteristic("2A46").handle
        value = b"\x03\x01" + b"A" * 256
        for start in range(0, len(value), 18):
            await client.send_request(
                att.ATT_Prepare_Write_Request(
                    attribute_handle=handle,
                    value_offset=start,
                    part_attribute_value=value[start : start + 18],
                )
            )
        response = await client.send_request(att.ATT_Execute_Write_Request(flags=1))
        assert isinstance(response, att.ATT_Error_Response)
        assert here.band.snapshot()["calling"] is None
        assert here.wrongs == ["2A46: caller too long"]


async def test_an_acknowledgement_waits_for_the_end(radio: Radio) -> None:
    """Never acknowledge what has not come: protocol-data 4.7."""
    async with authenticated(radio, days=3) as here:
        replay = Replay(here)
        await replay.play("on 0004\non 0005")
        time = await here.phone.read("2A2B")
        await here.phone.command("0004", b"\x01\x01\xe8\x07" + time[2:6] + b"\x00\x00")
        await replay.play("hear 0004 10 01 01 *\ncmd 0004 02\ncmd 0004 03\nhear 0004 10 03 01")
        assert here.wrongs == ["0004: ACK before the end of the transfer"]
        state = here.band.snapshot()["records"]
        assert isinstance(state, dict)
        assert state["acknowledged"] == []
