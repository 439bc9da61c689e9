/*
 * The slave that all clients of the bench read, as light as can be, so that the clients are what is measured: Modbus TCP,
 * functions 3 and 4, every register holds its own address. A process for each connection; prints its port.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST = 12, WAITING = 64, ANSWER = 9 + 2 * 125 };

static void serve(int client) {
  static unsigned char in[WAITING * REQUEST], out[WAITING * ANSWER];
  size_t held = 0;
  for (;;) {
    ssize_t more = read(client, in + held, sizeof in - held);
    if (more <= 0) return;
    held += (size_t)more;
    size_t from = 0, length = 0;
    for (; held - from >= REQUEST; from += REQUEST) {
      const unsigned char *request = in + from;
      unsigned at = request[8] << 8 | request[9], count = request[10] << 8 | request[11];
      if (count > 125) return;
      unsigned char *answer = out + length;
      memcpy(answer, request, 8);
      answer[4] = 0, answer[5] = 3 + 2 * count, answer[8] = 2 * count;
      for (unsigned i = 0; i < count; i++) {
        answer[9 + 2 * i] = (at + i) >> 8;
        answer[10 + 2 * i] = (at + i) & 0xff;
      }
      length += 9 + 2 * count;
    }
    memmove(in, in + from, held -= from);
    for (size_t sent = 0; sent < length;) {
      ssize_t now = write(client, out + sent, length - sent);
      if (now <= 0) return;
      sent += (size_t)now;
    }
  }
}

int main(void) {
  signal(SIGCHLD, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  int door = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof where;
  if (bind(door, (struct sockaddr *)&where, size) || listen(door, 16)) return 1;
  if (getsockname(door, (struct sockaddr *)&where, &size)) return 1;
  printf("%d\n", ntohs(where.sin_port));
  fflush(stdout);
  for (;;) {
    int client = accept(door, NULL, NULL);
    if (client < 0) return 1;
    if (fork() == 0) {
      setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      serve(client);
      _exit(0);
    }
    close(client);
  }
}
