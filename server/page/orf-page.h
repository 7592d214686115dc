/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport/orf-http-server.h"

G_BEGIN_DECLS

/*
 * The live page: / and what it loads below /page/, the same for everyone and with nothing secret in
 * it, so that no token is asked; what it shows it has to call for.
 */
void orf_page_add (OrfHttpServer *server);

G_END_DECLS
