/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "actuators/orf-actuator.h"
#include "gpu/orf-gpu-monitor.h"

G_BEGIN_DECLS

/* The servers of [actuators].  Main context. */
typedef struct _OrfActuators OrfActuators;

/* All outlive it.  An error names the entry: nothing is asked of any then. */
OrfActuators *orf_actuators_new (const OrfConfig *config,
                                 OrfWorkers *workers,
                                 OrfGpuMonitor *gpu,
                                 GError **error);
void orf_actuators_free (OrfActuators *actuators);
/* The config has changed: those that did not go on as they are, with what is asked of them.  A
 * setting that is wrong leaves all as they were. */
gboolean orf_actuators_reload (OrfActuators *actuators, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfActuators, orf_actuators_free)

G_END_DECLS
