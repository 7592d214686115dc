/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl-findings.h"
#include "orf-ctl.h"

G_BEGIN_DECLS

/* What `orfeasctl doctor` looks at, each in a file of its own.  Those of answers are pure.  Each
 * warning and each fault comes with what to do about it. */

/* ---- this machine, as this user sees it --------------------------------------------------------
 */

/* The settings that a daemon of this user would read, by the daemon's own code. */
void orf_ctl_doctor_check_config (OrfCtlFindings *findings);
/* Device files of GPUs; which: "/dev/dri/renderD*", for tests any folder's. */
void orf_ctl_doctor_check_devices (OrfCtlFindings *findings, const char *const *patterns);
extern const char *const orf_ctl_doctor_devices[];
void orf_ctl_doctor_check_clock (OrfCtlFindings *findings);
/* Room and kind of the file system where the database lies; nothing where it is not on this
 * machine. */
void orf_ctl_doctor_check_disk (OrfCtlFindings *findings, const char *db);

/* ---- what the daemon answers ------------------------------------------------------------------
 */

void orf_ctl_doctor_judge_status (OrfCtlFindings *findings, const OrfStatusGetResult *status);
void orf_ctl_doctor_judge_cache (OrfCtlFindings *findings, const OrfCacheStatsResult *stats);
/* Whether there are far more alarms than are asked for. */
void orf_ctl_doctor_judge_detectors (OrfCtlFindings *findings,
                                     const OrfAnomaliesDetectorsResult *result);

/* ---- its HTTP ---------------------------------------------------------------------------------
 */

/* url: "http://127.0.0.1:5000". */
void orf_ctl_doctor_check_endpoints (OrfCtlFindings *findings, const char *url);

G_END_DECLS
