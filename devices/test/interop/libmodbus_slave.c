/* A slave of libmodbus on TCP: every register holds its address, up to 999. Prints its port; ends when it is killed. */
#include <arpa/inet.h>
#include <modbus/modbus.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
  modbus_t *line = modbus_new_tcp("127.0.0.1", 0);
  modbus_mapping_t *registers = modbus_mapping_new(0, 0, 1000, 1000);
  if (line == NULL || registers == NULL) return 1;
  for (int at = 0; at < 1000; at++) registers->tab_registers[at] = registers->tab_input_registers[at] = at;
  int listener = modbus_tcp_listen(line, 4);
  if (listener < 0) return 1;
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  getsockname(listener, (struct sockaddr *)&address, &length);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (;;) {
    if (modbus_tcp_accept(line, &listener) < 0) return 1;
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    for (int length; (length = modbus_receive(line, query)) >= 0;)
      if (length > 0) modbus_reply(line, query, length, registers);
    modbus_close(line);
  }
}
