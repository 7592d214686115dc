/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"
#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * Which command belongs to a receiver or an actuator, by the settings file alone: who asks names
 * the entry, never the program.
 */
typedef struct {
  char **argv;
  gint64 timeout_us;
} OrfExecCommand;

void orf_exec_command_free (OrfExecCommand *command);

/* Whether somebody else than root chooses what the file says: it has to be a plain file of root's,
 * no link, in a folder of root's, neither to be written by others.  PERMISSION_DENIED, and how it
 * is mended. */
gboolean orf_exec_settings_check_owner (const char *path, GError **error);
/* NOT_FOUND: no such entry; FAILED_PRECONDITION: it is no command. */
OrfExecCommand *orf_exec_settings_find (const OrfConfig *config,
                                        OrfExecSection section,
                                        const char *name,
                                        GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfExecCommand, orf_exec_command_free)

G_END_DECLS
