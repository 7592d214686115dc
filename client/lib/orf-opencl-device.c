/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A device's id, by the same rule as orfeas-probe's (server/probe/orf-opencl.h has it): the bus
 * address where the driver tells it, else the UUID, else a hash of platform and name.  Written a
 * second time, for the probe loads OpenCL at run time and this library is linked with it; a
 * functional test compares the two.
 */
#include <orfeas/opencl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Vendors' queries that not all headers have. */
#define DEVICE_TOPOLOGY_AMD     0x4037
#define DEVICE_PCI_BUS_ID_NV    0x4008
#define DEVICE_PCI_SLOT_ID_NV   0x4009
#define DEVICE_PCI_DOMAIN_ID_NV 0x400A
#define DEVICE_PCI_BUS_INFO_KHR 0x410F
#define DEVICE_UUID_KHR         0x106A

#define MAX_DEVICES 64
#define MAX_TEXT    (64 * 1024) /* extension lists are the longest */

static bool
read_device (cl_device_id device, cl_device_info property, void *value, size_t size)
{
  size_t got = 0;

  return clGetDeviceInfo (device, property, size, value, &got) == CL_SUCCESS && got == size;
}

/* Without the white space around it, as the probe has it; "" where there is none. */
static char *
strip (char *text)
{
  size_t length;

  text += strspn (text, " \t\r\n\v\f");
  length = strlen (text);
  while (length > 0 && strchr (" \t\r\n\v\f", text[length - 1]) != NULL)
    length--;
  text[length] = '\0';
  return text;
}

static bool
has_extension (cl_device_id device, const char *name)
{
  size_t length = strlen (name);
  size_t size = 0;
  char *text;
  bool has = false;

  if (clGetDeviceInfo (device, CL_DEVICE_EXTENSIONS, 0, NULL, &size) != CL_SUCCESS ||
      size > MAX_TEXT)
    return false;
  text = calloc (1, size + 1);
  if (text == NULL)
    return false;
  if (clGetDeviceInfo (device, CL_DEVICE_EXTENSIONS, size, text, NULL) == CL_SUCCESS) {
    for (const char *at = text; !has && (at = strstr (at, name)) != NULL; at += length)
      has = (at == text || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0');
  }
  free (text);
  return has;
}

static bool
read_bus_address (cl_device_id device, cl_uint address[4])
{
  uint8_t amd[24] = { 0 }; /* cl_device_topology_amd: type, unused[17], bus, device, function */
  cl_uint slot = 0;

  if (has_extension (device, "cl_khr_pci_bus_info") &&
      read_device (device, DEVICE_PCI_BUS_INFO_KHR, address, 4 * sizeof *address))
    return true;
  memset (address, 0, 4 * sizeof *address);
  if (has_extension (device, "cl_amd_device_attribute_query") &&
      read_device (device, DEVICE_TOPOLOGY_AMD, amd, sizeof amd) && amd[0] == 1) {
    for (size_t i = 0; i < 3; i++)
      address[1 + i] = amd[21 + i];
    return true;
  }
  if (!has_extension (device, "cl_nv_device_attribute_query") ||
      !read_device (device, DEVICE_PCI_BUS_ID_NV, &address[1], sizeof address[1]) ||
      !read_device (device, DEVICE_PCI_SLOT_ID_NV, &slot, sizeof slot))
    return false;
  /* older drivers do not tell the domain, which is then 0 */
  if (!read_device (device, DEVICE_PCI_DOMAIN_ID_NV, &address[0], sizeof address[0]))
    address[0] = 0;
  address[2] = slot >> 3;
  address[3] = slot & 7;
  return true;
}

static void
write_uuid (const uint8_t uuid[16], char id[64])
{
  char *at = id + sprintf (id, "uuid-");

  for (size_t i = 0; i < 16; i++)
    at += sprintf (at, "%02x", uuid[i]);
}

/* FNV-1a */
static uint32_t
hash_text (uint32_t hash, const char *text)
{
  for (; *text != '\0'; text++)
    hash = (hash ^ (uint8_t) *text) * 16777619u;
  return (hash ^ 0xff) * 16777619u;
}

static uint32_t
hash_device (cl_platform_id platform, cl_device_id device)
{
  char platform_name[256] = { 0 };
  char name[1024] = { 0 };

  if (clGetPlatformInfo (platform, CL_PLATFORM_NAME, sizeof platform_name - 1, platform_name,
                         NULL) != CL_SUCCESS)
    platform_name[0] = '\0';
  if (clGetDeviceInfo (device, CL_DEVICE_NAME, sizeof name - 1, name, NULL) != CL_SUCCESS)
    name[0] = '\0';
  return hash_text (hash_text (2166136261u, strip (platform_name)), strip (name));
}

/* Which of those with the same hash it is, from 1 on: accelerators first, then CPUs. */
static unsigned
count_same (cl_platform_id platform, cl_device_id device, uint32_t hash)
{
  const cl_device_type types[] = {
    CL_DEVICE_TYPE_GPU | CL_DEVICE_TYPE_ACCELERATOR | CL_DEVICE_TYPE_CUSTOM,
    CL_DEVICE_TYPE_CPU,
  };
  cl_device_id devices[MAX_DEVICES] = { 0 };
  unsigned n_same = 0;

  for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
    cl_uint n_devices = 0;

    if (clGetDeviceIDs (platform, types[t], MAX_DEVICES, devices, &n_devices) != CL_SUCCESS)
      continue;
    for (cl_uint i = 0; i < n_devices && i < MAX_DEVICES; i++) {
      n_same += hash_device (platform, devices[i]) == hash;
      if (devices[i] == device)
        return n_same;
    }
  }
  return 1;
}

OrfStatus
orf_opencl_get_device_id (cl_device_id device, char *id, size_t size)
{
  cl_platform_id platform = NULL;
  cl_uint address[4] = { 0 };
  uint8_t uuid[16] = { 0 };
  char made[64];
  uint32_t hash;
  unsigned number;

  if (!read_device (device, CL_DEVICE_PLATFORM, &platform, sizeof platform))
    return ORF_STATUS_FAILED;
  if (read_bus_address (device, address)) {
    snprintf (made, sizeof made, "pci-%04x:%02x:%02x.%x", address[0], address[1], address[2],
              address[3]);
  } else if (has_extension (device, "cl_khr_device_uuid") &&
             read_device (device, DEVICE_UUID_KHR, uuid, sizeof uuid)) {
    write_uuid (uuid, made);
  } else {
    hash = hash_device (platform, device);
    number = count_same (platform, device, hash);
    snprintf (made, sizeof made, number > 1 ? "opencl-%08x-%u" : "opencl-%08x", hash, number);
  }
  if (strlen (made) >= size)
    return ORF_STATUS_INVALID;
  strcpy (id, made);
  return ORF_STATUS_OK;
}
