/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"

G_BEGIN_DECLS

/*
 * Whether the settings are fit for where we listen: what other machines can reach has to speak TLS
 * and to have tokens, unless [listen] insecure says that somebody knows what he does.  Warns then.
 * FAILED_PRECONDITION, naming the keys.
 */
gboolean orf_exposure_check (
  const OrfConfig *config, const char *key, const char *address, gboolean loopback, GError **error);

G_END_DECLS
