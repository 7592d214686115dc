/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-unsent.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

gsize
orf_unsent_get_bytes (int fd)
{
  int bytes = 0;

  return ioctl (fd, SIOCOUTQ, &bytes) == 0 ? (gsize) MAX (bytes, 0) : 0;
}

void
orf_unsent_drop (int fd)
{
  const struct linger at_once = { .l_onoff = 1 };

  if (orf_unsent_get_bytes (fd) > 0)
    setsockopt (fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}
