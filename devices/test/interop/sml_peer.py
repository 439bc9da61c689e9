"""Reads telegrams with smllib: on standard input a JSON list of {check, hex}; prints for each its values by OBIS code.

Bytes are hexadecimal text; a telegram that smllib refuses is null.
"""

import json
import sys

from smllib import SmlStreamReader
from smllib.errors import SmlLibException


def values(check: str, text: str):
    reader = SmlStreamReader(crc=check)
    reader.add(bytes.fromhex(text))
    try:
        frame = reader.get_frame()
        entries = frame.get_obis() if frame else None
    except SmlLibException:
        return None
    return entries and [{"obis": entry.obis.obis_code.split("*")[0], "value": entry.get_value()} for entry in entries]


print(json.dumps([values(one["check"], one["hex"]) for one in json.load(sys.stdin)]))
