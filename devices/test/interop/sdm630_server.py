"""pymodbus' server with an SDM630 register image for each unit, encoded here with struct and nothing of the project.

Usage: sdm630_server.py '{"<unit>": {"power_w": …, "import_kwh": …, "export_kwh": …}}'
A value of null is served as NaN. Prints the port it listens on, then serves until its standard input is closed.
"""

import asyncio
import json
import math
import struct
import sys

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

LENGTH = 0x4C
TOTAL_POWER, IMPORT_ENERGY, EXPORT_ENERGY = 0x34, 0x48, 0x4A


def image(values):
    registers = bytearray(2 * LENGTH)
    for address, name in (
        (TOTAL_POWER, "power_w"),
        (IMPORT_ENERGY, "import_kwh"),
        (EXPORT_ENERGY, "export_kwh"),
    ):
        value = math.nan if values[name] is None else values[name]
        struct.pack_into(">f", registers, 2 * address, value)
    return list(struct.unpack(f">{LENGTH}H", registers))


def device(unit, values):
    nothing = SimData(0, values=0, datatype=DataType.REGISTERS)
    bits = SimData(0, values=[False] * 16, datatype=DataType.BITS)
    inputs = SimData(0, values=image(values), datatype=DataType.REGISTERS)
    return SimDevice(id=unit, simdata=([bits], [bits], [nothing], [inputs]))


async def main():
    units = json.loads(sys.argv[1])
    server = ModbusTcpServer(
        [device(int(unit), values) for unit, values in units.items()],
        address=("127.0.0.1", 0),
    )
    await server.serve_forever(background=True)
    print(server.transport.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.shutdown()


asyncio.run(main())
