"""Reads all that a package of others knows of a device on Modbus TCP; prints JSON: for each register its address and value.

    peer_reader.py sdm <class> <port>
    peer_reader.py solaredge <port>
    peer_reader.py sun2000 <port> <address,...>    only these registers, each with its own request
"""

import enum
import json
import sys


def plain(value):
    return value.value if isinstance(value, enum.Enum) else value


def sdm(name: str, port: str) -> None:
    import sdm_modbus

    device = getattr(sdm_modbus, name)(host="127.0.0.1", port=int(port), unit=1, timeout=5)
    found = []
    for kind in (sdm_modbus.registerType.INPUT,):
        values = device.read_all(kind)
        for key, value in values.items():
            found.append({"name": key, "at": device.registers[key][0], "value": plain(value)})
    print(json.dumps(found))


def solaredge(port: str) -> None:
    import solaredge_modbus

    device = solaredge_modbus.Inverter(host="127.0.0.1", port=int(port), unit=1, timeout=5)
    found = [{"name": key, "value": plain(value)} for key, value in device.read_all().items()]
    print(json.dumps(found))


def sun2000(port: str, wanted: str) -> None:
    from sun2000_modbus.inverter import Sun2000
    from sun2000_modbus.registers import BatteryEquipmentRegister, InverterEquipmentRegister, MeterEquipmentRegister

    device = Sun2000("127.0.0.1", port=int(port), timeout=5, wait=0, device_id=1)
    device.connect()
    addresses = {int(at) for at in wanted.split(",")}
    found = []
    for part in (InverterEquipmentRegister, MeterEquipmentRegister, BatteryEquipmentRegister):
        for register in part:
            if register.value.address in addresses:
                name = f"{part.__name__}.{register.name}"
                found.append({"name": name, "at": register.value.address, "value": device.read(register)})
    device.disconnect()
    print(json.dumps(found))


{"sdm": sdm, "solaredge": solaredge, "sun2000": sun2000}[sys.argv[1]](*sys.argv[2:])
