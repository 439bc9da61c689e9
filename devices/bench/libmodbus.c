/*
 * Reads holding registers so many times, one request after the other, with libmodbus; prints reads per second. Arguments:
 * port, reads before it counts, reads, registers of each.
 */
#include <modbus/modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int before = atoi(argv[2]), reads = atoi(argv[3]), count = atoi(argv[4]);
  if (count < 1 || count > 125) return 2;
  modbus_t *line = modbus_new_tcp("127.0.0.1", atoi(argv[1]));
  if (line == NULL || modbus_connect(line) != 0) return 1;
  modbus_set_slave(line, 1);
  uint16_t registers[125];
  struct timespec from, to;
  for (int i = -before; i < reads; i++) {
    if (i == 0) clock_gettime(CLOCK_MONOTONIC, &from);
    int at = (i + before) % 1000;
    if (modbus_read_registers(line, at, count, registers) != count || registers[0] != at) return 1;
  }
  clock_gettime(CLOCK_MONOTONIC, &to);
  double seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
  printf("%.0f\n", reads / seconds);
  modbus_close(line);
  modbus_free(line);
  return 0;
}
