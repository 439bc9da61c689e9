"""Scans a SunSpec device with pysunspec2; prints JSON: its base, and each model's id, address, length and values by name.

    sunspec2_scan.py tcp <port> <unit>
    sunspec2_scan.py rtu <path> <unit> <baud rate>

Points of groups are called group1.point where a group repeats, group.point where not. A point that is not implemented is
null, one that has a scale factor is shown with it.
"""

import json
import sys

from sunspec2.modbus.client import SunSpecModbusClientDeviceRTU, SunSpecModbusClientDeviceTCP

TIMEOUT_S = 10


def values_of(group, prefix=""):
    for name, point in group.points.items():
        yield prefix + name, point.cvalue
    for name, part in group.groups.items():
        for i, one in enumerate(part if isinstance(part, list) else [part]):
            yield from values_of(one, f"{prefix}{name}{i + 1 if isinstance(part, list) else ''}.")


over, where, unit, *baud_rate = sys.argv[1:]
if over == "tcp":
    device = SunSpecModbusClientDeviceTCP(int(unit), "127.0.0.1", int(where), timeout=TIMEOUT_S)
else:
    device = SunSpecModbusClientDeviceRTU(int(unit), where, int(baud_rate[0]), timeout=TIMEOUT_S)
device.scan()
models = [
    {
        "id": model.model_id,
        "at": model.model_addr,
        "length": model.model_len,
        "values": dict(values_of(model)),
        "error": model.error_info,
    }
    for model in device.model_list
]
print(json.dumps({"base": device.base_addr, "models": models}))
device.close()
