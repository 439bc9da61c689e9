"""pymodbus' server on so many ports: unit 1 with the registers of a meter, and on the first of them unit 2 with an inverter's.

Usage: fleet_pymodbus.py <ports> <inverters>. Registers hold their addresses and do not change. Prints the ports as JSON,
then serves until its standard input is closed.
"""

import asyncio
import json
import sys

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

METER_REGISTERS = 0x180
INVERTER_AT, INVERTER_REGISTERS = 40000, 200


def device(unit):
    bits = SimData(0, values=[False] * 16, datatype=DataType.BITS)
    holding = SimData(
        INVERTER_AT,
        values=list(range(INVERTER_REGISTERS)),
        datatype=DataType.REGISTERS,
    )
    inputs = SimData(
        0, values=list(range(METER_REGISTERS)), datatype=DataType.REGISTERS
    )
    return SimDevice(id=unit, simdata=([bits], [bits], [holding], [inputs]))


async def main():
    count, inverters = (int(text) for text in sys.argv[1:3])
    ports = []
    for i in range(count):
        units = [device(1), device(2)] if i < inverters else [device(1)]
        server = ModbusTcpServer(units, address=("127.0.0.1", 0))
        await server.serve_forever(background=True)
        ports.append(server.transport.sockets[0].getsockname()[1])
    print(json.dumps(ports), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
