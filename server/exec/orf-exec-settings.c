/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exec/orf-exec-settings.h"

#include <errno.h>
#include <sys/stat.h>

#include "actuators/orf-actuator-kind.h"
#include "notify/orf-receiver-command.h"
#include "orf-error.h"

#define WRITABLE (S_IWGRP | S_IWOTH)

void
orf_exec_command_free (OrfExecCommand *command)
{
  g_strfreev (command->argv);
  g_free (command);
}

static gboolean
check_one (const char *path, mode_t type, const char *kind, GError **error)
{
  struct stat state;

  if (lstat (path, &state) != 0)
    g_set_error (error, ORF_ERROR, ORF_ERROR_NOT_FOUND,
                 "%s: %s; commands are taken from there and from nowhere else", path,
                 g_strerror (errno));
  else if ((state.st_mode & S_IFMT) != type)
    g_set_error (error, ORF_ERROR, ORF_ERROR_PERMISSION_DENIED,
                 "%s is no %s: nothing it leads to chooses what is run", path, kind);
  else if (state.st_uid != 0)
    g_set_error (error, ORF_ERROR, ORF_ERROR_PERMISSION_DENIED,
                 "%s is not root's, so somebody else chooses what is run: chown root %s", path,
                 path);
  else if ((state.st_mode & WRITABLE) != 0)
    g_set_error (error, ORF_ERROR, ORF_ERROR_PERMISSION_DENIED,
                 "others than root may write %s, and so choose what is run: chmod go-w %s", path,
                 path);
  else
    return TRUE;
  return FALSE;
}

gboolean
orf_exec_settings_check_owner (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);

  return check_one (folder, S_IFDIR, "folder", error) &&
         check_one (path, S_IFREG, "plain file", error);
}

static const OrfConfigReceiver *
find_receiver (const OrfConfig *config, const char *name)
{
  for (guint i = 0; i < config->receivers.list->len; i++) {
    const OrfConfigReceiver *receiver = config->receivers.list->pdata[i];

    if (g_str_equal (receiver->name, name))
      return receiver;
  }
  return NULL;
}

static const OrfConfigActuator *
find_actuator (const OrfConfig *config, const char *name)
{
  for (guint i = 0; i < config->actuators.servers->len; i++) {
    const OrfConfigActuator *actuator = config->actuators.servers->pdata[i];

    if (g_str_equal (actuator->name, name))
      return actuator;
  }
  return NULL;
}

/* Takes argv; NULL: it runs none. */
static OrfExecCommand *
make (char **argv, gint64 timeout_us, const char *what, const char *name, GError **error)
{
  OrfExecCommand *command;

  if (argv == NULL) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION,
                 "%s %s has no command in the settings", what, name);
    return NULL;
  }
  command = g_new0 (OrfExecCommand, 1);
  command->argv = argv;
  command->timeout_us = timeout_us;
  return command;
}

OrfExecCommand *
orf_exec_settings_find (const OrfConfig *config,
                        OrfExecSection section,
                        const char *name,
                        GError **error)
{
  const OrfConfigReceiver *receiver = section == ORF_EXEC_SECTION_RECEIVERS
                                        ? find_receiver (config, name)
                                        : NULL;
  const OrfConfigActuator *actuator = section == ORF_EXEC_SECTION_ACTUATORS
                                        ? find_actuator (config, name)
                                        : NULL;

  if (receiver != NULL)
    return make (orf_receiver_command_make (receiver), receiver->timeout_us, "receiver", name,
                 error);
  if (actuator != NULL)
    return make (orf_actuator_kind_dup_command (actuator),
                 MAX (actuator->timeout_us, ORF_ACTUATOR_RESTORE_US), "actuator", name, error);
  g_set_error (error, ORF_ERROR, ORF_ERROR_NOT_FOUND, "the settings have no %s of the name %s",
               orf_exec_section_to_string (section), name);
  return NULL;
}
