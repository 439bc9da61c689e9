"""A slave of modbus-tk: every holding register holds its address, input registers twice that, up to 999.

    modbus_tk_slave.py tcp          prints its port
    modbus_tk_slave.py rtu <path>   prints "ready"

Ends with its standard input.
"""

import socket
import sys

import modbus_tk.defines as cst
from modbus_tk import modbus_rtu, modbus_tcp

if sys.argv[1] == "tcp":
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = modbus_tcp.TcpServer(port=port, address="127.0.0.1")
    said = str(port)
else:
    import serial

    server = modbus_rtu.RtuServer(serial.Serial(sys.argv[2], 19200), interchar_multiplier=20)
    said = "ready"

slave = server.add_slave(1)
for name, kind, factor in (("holding", cst.HOLDING_REGISTERS, 1), ("input", cst.READ_INPUT_REGISTERS, 2)):
    block = cst.ANALOG_INPUTS if name == "input" else cst.HOLDING_REGISTERS
    slave.add_block(name, block, 0, 1000)
    slave.set_values(name, 0, [at * factor for at in range(1000)])
server.start()
print(said, flush=True)
sys.stdin.read()
server.stop()
