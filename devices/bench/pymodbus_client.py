"""Reads holding registers so many times, one request after the other, with pymodbus' async client; prints reads per second.

Arguments: port, reads before it counts, reads, registers of each.
"""

import asyncio
import sys
import time

from pymodbus.client import AsyncModbusTcpClient


async def main() -> None:
    port, before, reads, count = (int(text) for text in sys.argv[1:5])
    client = AsyncModbusTcpClient("127.0.0.1", port=port)
    await client.connect()
    for i in range(before + reads):
        if i == before:
            begin = time.monotonic()
        at = i % 1000
        answer = await client.read_holding_registers(at, count=count, device_id=1)
        if answer.isError() or answer.registers[0] != at:
            raise SystemExit(1)
    print(round(reads / (time.monotonic() - begin)))
    client.close()


asyncio.run(main())
