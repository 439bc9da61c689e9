"""Connects with a gateway's certificate, subscribes, publishes, and prints one JSON object of what it was told."""

import json
import sys
import threading

import paho.mqtt.client as mqtt

port, name, own_up, own_down, foreign_up, foreign_down, ca, cert, key = sys.argv[1:]

client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv311)
client.tls_set(ca_certs=ca, certfile=cert, keyfile=key)
told = {}
connected, subscribed, published, gone = (threading.Event() for _ in range(4))


def on_connect(_client, _data, _flags, reason, _properties):
    told["connect"] = not reason.is_failure
    connected.set()


def on_subscribe(_client, _data, _id, reasons, _properties):
    told["subscribe"] = [reason.value for reason in reasons]
    subscribed.set()


def on_publish(_client, _data, _id, _reason, _properties):
    published.set()


def on_disconnect(_client, _data, _flags, _reason, _properties):
    gone.set()


client.on_connect, client.on_subscribe = on_connect, on_subscribe
client.on_publish, client.on_disconnect = on_publish, on_disconnect
client.connect("127.0.0.1", int(port))
client.loop_start()
connected.wait(10)
client.subscribe([(own_down, 1), (foreign_down, 1)])
subscribed.wait(10)
client.publish(own_up, "from paho", qos=1)
told["publish"] = published.wait(10)
client.publish(foreign_up, "forged by paho", qos=1)
told["cut"] = gone.wait(10)
client.loop_stop()
print(json.dumps(told))
