/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"

G_BEGIN_DECLS

/* What a receiver runs by its settings: of exec its command, of sendmail that with the envelope.
 * NULL: it is of another kind, or names no program. */
char **orf_receiver_command_make (const OrfConfigReceiver *settings);

/* Whom mails are from: the settings' word, else orfeas at this host. */
char *orf_receiver_command_dup_from (const OrfConfigReceiver *settings);

G_END_DECLS
