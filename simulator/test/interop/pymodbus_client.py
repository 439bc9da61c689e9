"""pymodbus' client, led line by line.

    pymodbus_client.py '{"over": "tcp" | "rtu-tcp", "port": …, "timeoutS": …, "retries": …}'
    pymodbus_client.py '{"over": "serial", "path": …, "baudRate": …, "timeoutS": …, "retries": …}'

Each line of standard input is a call, {"call": <method of the client>, "with": <its arguments by name>}, and gets one line:
{"registers": […]}, {"written": […]} with what the device confirms, {"exception": <code>}, or {"error": <its name>}. Ends with
its standard input.
"""

import json
import logging
import sys

from pymodbus import FramerType
from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ExceptionResponse

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)


def client(over, timeoutS, retries, port=None, path=None, baudRate=None):
    common = {"timeout": timeoutS, "retries": retries}
    if over == "serial":
        return ModbusSerialClient(path, framer=FramerType.RTU, baudrate=baudRate, **common)
    framer = FramerType.SOCKET if over == "tcp" else FramerType.RTU
    return ModbusTcpClient("127.0.0.1", port=port, framer=framer, **common)


def answer(one, call, arguments):
    try:
        response = getattr(one, call)(**arguments)
    except ModbusException as error:
        return {"error": type(error).__name__}
    if response is None:
        return {}
    if isinstance(response, ExceptionResponse):
        return {"exception": response.exception_code}
    if call.startswith("write_"):
        return {"written": [response.address, *(response.registers or [response.count])]}
    return {"registers": response.registers}


one = client(**json.loads(sys.argv[1]))
for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps(answer(one, asked["call"], asked["with"])), flush=True)
one.close()
