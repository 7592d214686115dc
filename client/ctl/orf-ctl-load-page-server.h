/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-report.h"

G_BEGIN_DECLS

/* The daemon's side of a load test, on the page of its report; nothing where it is NULL. */
void orf_ctl_load_page_add_server (OrfReport *page, json_t *server);

G_END_DECLS
