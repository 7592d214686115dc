/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * A stand-in for NVIDIA's management library (libnvidia-ml.so.1), for tests on machines without its
 * devices: the same names, layouts and errors as the published interface has them, with values that
 * a test writes to a file.  It says that it is one by the devices' names and the driver's version.
 *
 * The file that NVML_STAND_IN names is read anew at each call, so that a test can change things
 * under a probe that runs.  Its lines:
 *
 *   gpus N                       set GPU KEY VALUE          mig GPU PARTS
 *   process GPU KIND PID BYTES   (KIND: compute, graphics, mps; PID alone in BYTES -1: not told)
 *   part-process GPU PART PID BYTES
 *   use GPU PID PERCENT T_US     (of the driver's sample of it)
 *   fail CALL RC [GPU]           hang CALL MS [GPU]         crash CALL         print CALL
 *   xid GPU CODE [INSTANCE]      (told once, to those who registered before it was written)
 *
 * ROWS is the age of the interface: 1 and 2 lack what came later, 535 has the rows of processes
 * that the first drivers of that line had under the name of version 3.
 */
#define MAX_GPUS  8
#define MAX_PARTS 7

#define OK                0
#define INVALID_ARGUMENT  2
#define NOT_SUPPORTED     3
#define NOT_FOUND         6
#define INSUFFICIENT_SIZE 7
#define TIMEOUT           10
#define EVENT_XID         8ull
#define NO_INSTANCE       0xffffffffu

typedef struct handle {
  int gpu, part; /* part -1: the whole */
} handle;

static handle handles[MAX_GPUS][MAX_PARTS + 1];
static int n_xids_told;
static int registered;

/* ---- the file -------------------------------------------------------------------------------- */

typedef struct {
  char *text, *next;
} script;

static script
open_script (void)
{
  const char *path = getenv ("NVML_STAND_IN");
  FILE *file = path ? fopen (path, "r") : NULL;
  script one = { calloc (1, 65536), NULL };
  size_t n = file ? fread (one.text, 1, 65535, file) : 0;

  one.text[n] = '\0';
  one.next = one.text;
  if (file)
    fclose (file);
  return one;
}

/* The words of the next line that begins with verb; 0: no more. */
static int
next_line (script *one, const char *verb, char words[6][64])
{
  while (one->next && *one->next) {
    char *line = one->next;
    char *end = strchr (line, '\n');
    int n = 0;

    if (end)
      *end = '\0';
    one->next = end ? end + 1 : NULL;
    memset (words, 0, 6 * 64);
    n = sscanf (line, "%63s %63s %63s %63s %63s %63s", words[0], words[1], words[2], words[3],
                words[4], words[5]);
    if (n > 0 && strcmp (words[0], verb) == 0)
      return n;
  }

  return 0;
}

static int
get_number (const char *verb, int initial)
{
  script one = open_script ();
  char words[6][64];
  int found = next_line (&one, verb, words) > 1 ? atoi (words[1]) : initial;

  free (one.text);
  return found;
}

static int
get_n_gpus (void)
{
  return get_number ("gpus", 1);
}

#if ROWS >= 2
static int
get_n_parts (int gpu)
{
  script one = open_script ();
  char words[6][64];
  int found = 0;

  while (next_line (&one, "mig", words) > 2) {
    if (atoi (words[1]) == gpu)
      found = atoi (words[2]);
  }
  free (one.text);
  return found;
}
#endif

static unsigned long long
get (int gpu, const char *key, unsigned long long initial)
{
  script one = open_script ();
  char words[6][64];

  while (next_line (&one, "set", words) > 3) {
    if (atoi (words[1]) == gpu && strcmp (words[2], key) == 0)
      initial = strtoull (words[3], NULL, 10);
  }
  free (one.text);
  return initial;
}

static void
hang (int ms)
{
  struct timespec wait = { ms / 1000, (ms % 1000) * 1000000l };

  nanosleep (&wait, NULL);
}

/* For as long as the file says so. */
static void
hang_in (const char *call, int gpu)
{
  for (int waited_ms = 0, ms = 1; waited_ms < ms; waited_ms += 20) {
    script one = open_script ();
    char words[6][64];
    int n = 0;

    ms = 0;
    while ((n = next_line (&one, "hang", words)) > 2) {
      if (strcmp (words[1], call) == 0 && (n < 4 || atoi (words[3]) == gpu))
        ms = atoi (words[2]);
    }
    free (one.text);
    if (waited_ms < ms)
      hang (20);
  }
}

static void
print (const char *call)
{
  printf ("stand-in: %s\n", call);
  fflush (stdout);
}

/* What a call is to do first: hang, crash, print to standard output, fail.  gpu -1: the call is
 * about none. */
static int
enter (const char *call, int gpu)
{
  const char *const verbs[] = { "crash", "print", "fail" };
  int rc = OK;

  hang_in (call, gpu);
  for (int i = 0; i < 3; i++) {
    script one = open_script ();
    char words[6][64];
    int n = 0;

    while ((n = next_line (&one, verbs[i], words)) > 1) {
      int is_this = strcmp (words[1], call) == 0 && (n < 4 || atoi (words[3]) == gpu);

      if (is_this && i == 0)
        abort ();
      if (is_this && i == 1)
        print (call);
      if (is_this && i == 2)
        rc = atoi (words[2]);
    }
    free (one.text);
  }

  return rc;
}

/* ---- calls that are all alike ---------------------------------------------------------------- */

#define WHOLE(call, device)                                                                        \
  int rc = enter (call, (device) ? (device)->gpu : -1);                                            \
  if (!(device))                                                                                   \
    return INVALID_ARGUMENT;                                                                       \
  if (rc != OK)                                                                                    \
    return rc;                                                                                     \
  if ((device)->part >= 0)                                                                         \
  return NOT_SUPPORTED

#define NUMBER(call, type, key, initial)                                                           \
  int call (handle *device, type *value)                                                           \
  {                                                                                                \
    WHOLE (#call, device);                                                                         \
    *value = (type) get (device->gpu, key, initial);                                               \
    return OK;                                                                                     \
  }

NUMBER (nvmlDeviceGetFanSpeed, unsigned, "fan", 30)
NUMBER (nvmlDeviceGetPowerUsage, unsigned, "power", 250500)
NUMBER (nvmlDeviceGetEnforcedPowerLimit, unsigned, "limit", 700000)
NUMBER (nvmlDeviceGetTotalEnergyConsumption, unsigned long long, "energy", 123456)
NUMBER (nvmlDeviceGetPcieReplayCounter, unsigned, "replays", 4)
NUMBER (nvmlDeviceGetRetiredPagesPendingStatus, unsigned, "pages-pending", 1)
NUMBER (nvmlDeviceGetCurrentClocksThrottleReasons, unsigned long long, "throttle", 1)
#if ROWS >= 3
NUMBER (nvmlDeviceGetCurrentClocksEventReasons, unsigned long long, "throttle", 1)
#endif

#define INDEXED(call, type, key, initial)                                                          \
  int call (handle *device, unsigned index, type *value)                                           \
  {                                                                                                \
    char name[32];                                                                                 \
    WHOLE (#call, device);                                                                         \
    snprintf (name, sizeof name, "%s%u", key, index);                                              \
    *value = (type) get (device->gpu, name, (initial) + index);                                    \
    return OK;                                                                                     \
  }

INDEXED (nvmlDeviceGetTemperature, unsigned, "temperature", 55)
INDEXED (nvmlDeviceGetClockInfo, unsigned, "clock", 1000)
INDEXED (nvmlDeviceGetPcieThroughput, unsigned, "throughput", 100)

/* ---- the system and its devices -------------------------------------------------------------- */

#if ROWS >= 2
int
nvmlInit_v2 (void)
{
  return enter ("nvmlInit_v2", -1);
}
#endif

int
nvmlInit (void)
{
  return enter ("nvmlInit", -1);
}

int
nvmlShutdown (void)
{
  return enter ("nvmlShutdown", -1);
}

const char *
nvmlErrorString (int rc)
{
  return rc == 9 ? "Driver Not Loaded" : rc == 15 ? "GPU is lost" : "Unknown Error";
}

int
nvmlSystemGetDriverVersion (char *text, unsigned length)
{
  snprintf (text, length, "stand-in %d", ROWS);
  return enter ("nvmlSystemGetDriverVersion", -1);
}

int
nvmlSystemGetProcessName (unsigned pid, char *text, unsigned length)
{
  snprintf (text, length, "/opt/bin/stranger-%u --token secret", pid);
  return enter ("nvmlSystemGetProcessName", -1);
}

int
nvmlDeviceGetCount (unsigned *count)
{
  *count = (unsigned) get_n_gpus ();
  return enter ("nvmlDeviceGetCount", -1);
}

int
nvmlDeviceGetHandleByIndex (unsigned index, handle **device)
{
  int rc = enter ("nvmlDeviceGetHandleByIndex", (int) index);

  if (rc != OK)
    return rc;
  if ((int) index >= get_n_gpus ())
    return INVALID_ARGUMENT;

  *device = &handles[index][MAX_PARTS];
  **device = (handle){ (int) index, -1 };
  return OK;
}

int
nvmlDeviceGetName (handle *device, char *text, unsigned length)
{
  if (device->part >= 0)
    snprintf (text, length, "Stand-in GPU MIG 1g.%dgb", device->part);
  else
    snprintf (text, length, "Stand-in GPU");
  return enter ("nvmlDeviceGetName", device->gpu);
}

int
nvmlDeviceGetUUID (handle *device, char *text, unsigned length)
{
  if (device->part >= 0)
    snprintf (text, length, "MIG-0000000%d-0000-4000-8000-00000000000%d", device->gpu,
              device->part + 1);
  else
    snprintf (text, length, "GPU-0000000%d-0000-4000-8000-0000000000AA", device->gpu);
  return enter ("nvmlDeviceGetUUID", device->gpu);
}

typedef struct {
  char legacy[16];
  unsigned domain, bus, device, id, subsystem;
  char bus_id[32];
} pci_info;

int
nvmlDeviceGetPciInfo_v2 (handle *device, pci_info *info)
{
  WHOLE ("nvmlDeviceGetPciInfo", device);
  memset (info, 0, offsetof (pci_info, bus_id) + 16); /* all that the second version has */
  info->domain = 0;
  info->bus = 0xa0u + (unsigned) device->gpu;
  return OK;
}

#if ROWS >= 2
int
nvmlDeviceGetPciInfo_v3 (handle *device, pci_info *info)
{
  return nvmlDeviceGetPciInfo_v2 (device, info);
}

int
nvmlDeviceGetCount_v2 (unsigned *count)
{
  return nvmlDeviceGetCount (count);
}

int
nvmlDeviceGetHandleByIndex_v2 (unsigned index, handle **device)
{
  return nvmlDeviceGetHandleByIndex (index, device);
}

int
nvmlDeviceGetMigMode (handle *device, unsigned *current, unsigned *pending)
{
  WHOLE ("nvmlDeviceGetMigMode", device);
  *current = *pending = get_n_parts (device->gpu) > 0;
  return OK;
}

int
nvmlDeviceGetMaxMigDeviceCount (handle *device, unsigned *count)
{
  WHOLE ("nvmlDeviceGetMaxMigDeviceCount", device);
  *count = MAX_PARTS;
  return OK;
}

int
nvmlDeviceGetMigDeviceHandleByIndex (handle *device, unsigned index, handle **part)
{
  WHOLE ("nvmlDeviceGetMigDeviceHandleByIndex", device);
  if ((int) index >= get_n_parts (device->gpu))
    return NOT_FOUND;

  *part = &handles[device->gpu][index];
  **part = (handle){ device->gpu, (int) index };
  return OK;
}

int
nvmlDeviceGetGpuInstanceId (handle *device, unsigned *instance)
{
  int rc = enter ("nvmlDeviceGetGpuInstanceId", device->gpu);

  if (rc == OK && device->part < 0)
    rc = NOT_SUPPORTED;
  if (rc == OK)
    *instance = 7u + (unsigned) device->part;
  return rc;
}
#endif

/* ---- values ---------------------------------------------------------------------------------- */

typedef struct {
  unsigned long long total, free, used;
} memory_info;

typedef struct {
  unsigned version;
  unsigned long long total, reserved, free, used;
} memory_info_2;

static unsigned long long
get_bytes (const handle *device, const char *key, unsigned long long initial)
{
  char name[32];

  if (device->part < 0)
    return get (device->gpu, key, initial);
  snprintf (name, sizeof name, "part%d-%s", device->part, key);
  return get (device->gpu, name, initial / 8);
}

int
nvmlDeviceGetMemoryInfo (handle *device, memory_info *memory)
{
  int rc = enter ("nvmlDeviceGetMemoryInfo", device->gpu);

  if (rc != OK)
    return rc;
  memory->total = get_bytes (device, "total", 80ull << 30);
  memory->free = get_bytes (device, "free", 60ull << 30);
  memory->used = memory->total - memory->free;
  return OK;
}

#if ROWS >= 3
int
nvmlDeviceGetMemoryInfo_v2 (handle *device, memory_info_2 *memory)
{
  int rc = enter ("nvmlDeviceGetMemoryInfo_v2", device->gpu);

  if (rc != OK)
    return rc;
  if (memory->version != (sizeof *memory | 2u << 24))
    return 25; /* wrong version */
  memory->total = get_bytes (device, "total", 80ull << 30);
  memory->free = get_bytes (device, "free", 60ull << 30);
  memory->reserved = get_bytes (device, "reserved", 512ull << 20);
  memory->used = memory->total - memory->free - memory->reserved;
  return OK;
}
#endif

int
nvmlDeviceGetUtilizationRates (handle *device, unsigned percent[2])
{
  WHOLE ("nvmlDeviceGetUtilizationRates", device);
  percent[0] = (unsigned) get (device->gpu, "busy", 87);
  percent[1] = (unsigned) get (device->gpu, "memory-busy", 43);
  return OK;
}

int
nvmlDeviceGetEncoderUtilization (handle *device, unsigned *percent, unsigned *period_us)
{
  WHOLE ("nvmlDeviceGetEncoderUtilization", device);
  *percent = (unsigned) get (device->gpu, "encoder", 5);
  *period_us = 167000;
  return OK;
}

int
nvmlDeviceGetDecoderUtilization (handle *device, unsigned *percent, unsigned *period_us)
{
  WHOLE ("nvmlDeviceGetDecoderUtilization", device);
  *percent = (unsigned) get (device->gpu, "decoder", 6);
  *period_us = 167000;
  return OK;
}

int
nvmlDeviceGetViolationStatus (handle *device, unsigned policy, unsigned long long times[2])
{
  WHOLE ("nvmlDeviceGetViolationStatus", device);
  times[0] = 0;
  times[1] = get (device->gpu, policy == 0 ? "violation0" : "violation1", 5000000);
  return OK;
}

typedef struct {
  unsigned field, scope;
  long long t_us, latency_us;
  unsigned type;
  int rc;
  union {
    double number;
    unsigned u32;
    unsigned long long u64;
  } value;
} field_value;

#if ROWS >= 2
int
nvmlDeviceGetFieldValues (handle *device, int n, field_value *values)
{
  WHOLE ("nvmlDeviceGetFieldValues", device);
  for (int i = 0; i < n; i++) {
    char name[32];

    snprintf (name, sizeof name, "field%u", values[i].field);
    values[i].rc = values[i].field == 82 || ROWS >= 3 ? OK : NOT_SUPPORTED;
    values[i].type = values[i].field == 82 ? 1 : 3;
    values[i].value.u64 = get (device->gpu, name, values[i].field == 82 ? 66 : 1000000);
  }
  return OK;
}

int
nvmlDeviceGetRemappedRows (
  handle *device, unsigned *corrected, unsigned *uncorrected, unsigned *pending, unsigned *failed)
{
  WHOLE ("nvmlDeviceGetRemappedRows", device);
  *corrected = (unsigned) get (device->gpu, "rows-corrected", 2);
  *uncorrected = (unsigned) get (device->gpu, "rows-uncorrected", 1);
  *pending = (unsigned) get (device->gpu, "rows-pending", 0);
  *failed = (unsigned) get (device->gpu, "rows-failed", 0);
  return OK;
}
#endif

int
nvmlDeviceGetRetiredPages (handle *device,
                           unsigned cause,
                           unsigned *n,
                           unsigned long long *addresses)
{
  unsigned there = 0;

  WHOLE ("nvmlDeviceGetRetiredPages", device);
  there = (unsigned) get (device->gpu, cause == 0 ? "pages0" : "pages1", 3 + cause);
  if (*n < there) {
    *n = there;
    return INSUFFICIENT_SIZE;
  }
  *n = there;
  memset (addresses, 0, there * sizeof *addresses);
  return OK;
}

int
nvmlDeviceGetTotalEccErrors (handle *device,
                             unsigned kind,
                             unsigned counter,
                             unsigned long long *count)
{
  WHOLE ("nvmlDeviceGetTotalEccErrors", device);
  *count = get (device->gpu, kind == 0 ? "ecc0" : "ecc1", 10 * kind + counter);
  return OK;
}

/* ---- processes ------------------------------------------------------------------------------- */

static void
write_row (unsigned char *row, size_t row_bytes, unsigned pid, unsigned long long bytes, int part)
{
  unsigned instances[2] = { part < 0 ? NO_INSTANCE : 7u + (unsigned) part,
                            part < 0 ? NO_INSTANCE : 0 };
  unsigned long long protected_bytes = 0;

  memcpy (row, &pid, 4);
  memcpy (row + 8, &bytes, 8);
  if (row_bytes >= 24)
    memcpy (row + 16, instances, 8);
  if (row_bytes >= 32)
    memcpy (row + 24, &protected_bytes, 8);
}

static int
list (const handle *device,
      const char *call,
      const char *kind,
      size_t row_bytes,
      unsigned *n,
      void *rows)
{
  script one = open_script ();
  char words[6][64];
  unsigned there = 0;
  int rc = enter (call, device->gpu);
  int is_part = device->part >= 0;

  while (rc == OK && next_line (&one, is_part ? "part-process" : "process", words) >= 5) {
    if (atoi (words[1]) != device->gpu)
      continue;
    if (is_part ? atoi (words[2]) != device->part || strcmp (kind, "compute") != 0
                : strcmp (words[2], kind) != 0)
      continue;
    if (there < *n)
      write_row ((unsigned char *) rows + there * row_bytes, row_bytes,
                 (unsigned) strtoul (words[3], NULL, 10), strtoull (words[4], NULL, 10),
                 device->part);
    there++;
  }
  free (one.text);
  if (rc == OK && there > *n)
    rc = INSUFFICIENT_SIZE;
  *n = there;
  return rc;
}

typedef struct {
  unsigned pid;
  unsigned long long t_us;
  unsigned sm, memory, encoder, decoder;
} use_row;

int
nvmlDeviceGetProcessUtilization (handle *device,
                                 use_row *rows,
                                 unsigned *n,
                                 unsigned long long since_us)
{
  script one = open_script ();
  char words[6][64];
  unsigned there = 0;
  int rc = enter ("nvmlDeviceGetProcessUtilization", device->gpu);

  while (rc == OK && next_line (&one, "use", words) >= 5) {
    const use_row row = { (unsigned) strtoul (words[2], NULL, 10),
                          strtoull (words[4], NULL, 10),
                          (unsigned) strtoul (words[3], NULL, 10),
                          0,
                          0,
                          0 };

    if (atoi (words[1]) != device->gpu || row.t_us <= since_us)
      continue;
    if (there < *n)
      rows[there] = row;
    there++;
  }
  free (one.text);
  if (rc == OK && there == 0)
    rc = NOT_FOUND;
  if (rc == OK && there > *n)
    rc = INSUFFICIENT_SIZE;
  *n = there;
  return rc;
}

#define LIST(call, kind, row_bytes)                                                                \
  int call (handle *device, unsigned *n, void *rows)                                               \
  {                                                                                                \
    return list (device, #call, kind, row_bytes, n, rows);                                         \
  }

LIST (nvmlDeviceGetComputeRunningProcesses, "compute", 16)
LIST (nvmlDeviceGetGraphicsRunningProcesses, "graphics", 16)
LIST (nvmlDeviceGetMPSComputeRunningProcesses, "mps", 16)
#if ROWS >= 2
LIST (nvmlDeviceGetComputeRunningProcesses_v2, "compute", 24)
LIST (nvmlDeviceGetGraphicsRunningProcesses_v2, "graphics", 24)
LIST (nvmlDeviceGetMPSComputeRunningProcesses_v2, "mps", 24)
#endif
#if ROWS >= 3
LIST (nvmlDeviceGetComputeRunningProcesses_v3, "compute", ROWS == 535 ? 32 : 24)
LIST (nvmlDeviceGetGraphicsRunningProcesses_v3, "graphics", ROWS == 535 ? 32 : 24)
LIST (nvmlDeviceGetMPSComputeRunningProcesses_v3, "mps", ROWS == 535 ? 32 : 24)
#endif

/* ---- events ---------------------------------------------------------------------------------- */

typedef struct {
  handle *device;
  unsigned long long type, data;
  unsigned gpu_instance, compute_instance;
} event_data;

static int
count_xids (void)
{
  script one = open_script ();
  char words[6][64];
  int n = 0;

  while (next_line (&one, "xid", words) > 0)
    n++;
  free (one.text);
  return n;
}

int
nvmlEventSetCreate (void **set)
{
  *set = &registered;
  return enter ("nvmlEventSetCreate", -1);
}

int
nvmlEventSetFree (void *set)
{
  return set == &registered ? OK : INVALID_ARGUMENT;
}

int
nvmlDeviceGetSupportedEventTypes (handle *device, unsigned long long *types)
{
  WHOLE ("nvmlDeviceGetSupportedEventTypes", device);
  *types = 0x1f;
  return OK;
}

int
nvmlDeviceRegisterEvents (handle *device, unsigned long long types, void *set)
{
  WHOLE ("nvmlDeviceRegisterEvents", device);
  if (!(types & EVENT_XID) || set != &registered)
    return INVALID_ARGUMENT;
  if (!registered)
    n_xids_told = count_xids ();
  registered = 1;
  return OK;
}

static int
wait_for_event (void *set, event_data *event, unsigned timeout_ms, int with_instance)
{
  script one = open_script ();
  char words[6][64];
  int rc = enter ("nvmlEventSetWait", -1);
  int n = 0;
  int found = 0;

  for (int i = 0; set == &registered && i <= n_xids_told; i++)
    found = n = next_line (&one, "xid", words);
  free (one.text);
  if (rc != OK)
    return rc;
  if (found < 3) {
    hang ((int) timeout_ms);
    return TIMEOUT;
  }

  n_xids_told++;
  event->device = &handles[atoi (words[1])][MAX_PARTS];
  event->type = EVENT_XID;
  event->data = strtoull (words[2], NULL, 10);
  if (with_instance) {
    event->gpu_instance = n > 3 ? (unsigned) atoi (words[3]) : NO_INSTANCE;
    event->compute_instance = NO_INSTANCE;
  }
  return OK;
}

int
nvmlEventSetWait (void *set, event_data *event, unsigned timeout_ms)
{
  return wait_for_event (set, event, timeout_ms, 0);
}

#if ROWS >= 2
int
nvmlEventSetWait_v2 (void *set, event_data *event, unsigned timeout_ms)
{
  return wait_for_event (set, event, timeout_ms, 1);
}
#endif
