/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-unsent.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

void
orf_unsent_drop (int fd)
{
  const struct linger at_once = { .l_onoff = 1 };
  int unsent = 0;

  if (ioctl (fd, SIOCOUTQ, &unsent) == 0 && unsent > 0)
    setsockopt (fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}
