/* A stand-in for libnvidia-ml.so.1, as far as the panel uses it. What it says stands in the file STATE, which is
 * read again at every question unless FIXED is defined:
 *   init <code>                           what nvmlInit answers
 *   count <n>                             GPUs
 *   gpu <index> <code>                    every question about this GPU is answered so
 *   na <index>                            it tells nothing but its name, memory and processes
 *   mig <index> <slices>                  it is cut up
 *   hot <index> <celsius> <throttled>     temperature, reasons for lower clocks
 *   process <gpu> <pid> <MiB> <percent>   somebody uses it
 *   xid <gpu> <number>                    reported once for each time the file is written
 *   hang <milliseconds>                   every reading takes so long
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define GPUS 4
#define PROCESSES 256
enum { OK = 0, NOT_SUPPORTED = 3, NOT_FOUND = 6, TOO_SMALL = 7, TIMEOUT = 10 };

typedef struct { int index; int slice; } Device;
typedef struct { unsigned pid; unsigned long long used; unsigned gpu_instance, compute_instance; } Process;
typedef struct { unsigned pid; unsigned long long at; unsigned sm, memory, encoder, decoder; } Share;
typedef struct { unsigned version; unsigned long long total, reserved, free, used; } Memory;
typedef struct { Device *device; unsigned long long type, data; unsigned gpu_instance, compute_instance; } Event;

static struct {
  int init, count, hang;
  int code[GPUS], na[GPUS], mig[GPUS], celsius[GPUS], throttled[GPUS];
  struct { int gpu; unsigned pid; unsigned long long mib; unsigned percent; } process[PROCESSES];
  int processes;
  int xid_gpu, xid;
} state;
static Device device[GPUS], slice[GPUS][8];
static Device *watched[GPUS];
static int watching;
static long told_inode;

static long look(void) {
  struct stat found;
  long inode = stat(STATE, &found) ? 0 : (long)found.st_ino;
#ifdef FIXED
  static int looked;
  if (looked++) return inode;
#endif
  FILE *file = fopen(STATE, "r");
  memset(&state, 0, sizeof state);
  state.count = 2;
  for (int i = 0; i < GPUS; i++) state.celsius[i] = 55;
  char line[256];
  int a, b, c, d;
  while (file && fgets(line, sizeof line, file)) {
    if (sscanf(line, "init %d", &a) == 1) state.init = a;
    if (sscanf(line, "count %d", &a) == 1) state.count = a;
    if (sscanf(line, "hang %d", &a) == 1) state.hang = a;
    if (sscanf(line, "gpu %d %d", &a, &b) == 2) state.code[a] = b;
    if (sscanf(line, "na %d", &a) == 1) state.na[a] = 1;
    if (sscanf(line, "mig %d %d", &a, &b) == 2) state.mig[a] = b;
    if (sscanf(line, "hot %d %d %d", &a, &b, &c) == 3) { state.celsius[a] = b; state.throttled[a] = c; }
    if (sscanf(line, "xid %d %d", &a, &b) == 2) { state.xid_gpu = a; state.xid = b; }
    if (sscanf(line, "process %d %d %d %d", &a, &b, &c, &d) == 4 && state.processes < PROCESSES) {
      state.process[state.processes].gpu = a;
      state.process[state.processes].pid = (unsigned)b;
      state.process[state.processes].mib = (unsigned long long)c;
      state.process[state.processes++].percent = (unsigned)d;
    }
  }
  if (file) fclose(file);
  return inode;
}

#define ASK(device) do { look(); if (state.code[(device)->index]) return state.code[(device)->index]; } while (0)
#define TELL(device) do { ASK(device); if (state.na[(device)->index] || (device)->slice) return NOT_SUPPORTED; } while (0)

int nvmlInit_v2(void) {
  look();
  for (int i = 0; i < GPUS; i++) {
    device[i].index = i;
    for (int j = 0; j < 8; j++) { slice[i][j].index = i; slice[i][j].slice = j + 1; }
  }
  return state.init;
}
int nvmlShutdown(void) { return OK; }
int nvmlSystemGetDriverVersion(char *text, unsigned length) { snprintf(text, length, "575.57.08"); return OK; }
int nvmlDeviceGetCount_v2(unsigned *count) {
  look();
  if (state.hang) usleep((useconds_t)state.hang * 1000);
  if (state.init) return state.init;
  *count = (unsigned)state.count;
  return OK;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, Device **found) {
  look();
  if ((int)index >= state.count) return NOT_FOUND;
  *found = &device[index];
  return OK;
}
int nvmlDeviceGetUUID(Device *d, char *text, unsigned length) {
  ASK(d);
  if (d->slice) snprintf(text, length, "MIG-%d-%d", d->index, d->slice);
  else snprintf(text, length, "GPU-stub-%d", d->index);
  return OK;
}
int nvmlDeviceGetName(Device *d, char *text, unsigned length) {
  ASK(d);
  snprintf(text, length, d->slice ? "Stub RTX %d MIG 1g.10gb" : "Stub RTX %d", d->index);
  return OK;
}
int nvmlDeviceGetMemoryInfo_v2(Device *d, Memory *memory) {
  ASK(d);
  unsigned long long mib = 1ull << 20;
  memory->total = (d->slice ? 10240 : 24576) * mib;
  memory->used = 0;
  for (int i = 0; i < state.processes; i++)
    if (state.process[i].gpu == d->index) memory->used += state.process[i].mib * mib;
  memory->free = memory->total - memory->used;
  return OK;
}
int nvmlDeviceGetUtilizationRates(Device *d, unsigned *rates) { TELL(d); rates[0] = 70 + (unsigned)d->index; rates[1] = 5; return OK; }
int nvmlDeviceGetTemperature(Device *d, int sensor, unsigned *value) { (void)sensor; TELL(d); *value = (unsigned)state.celsius[d->index]; return OK; }
int nvmlDeviceGetPowerUsage(Device *d, unsigned *value) { TELL(d); *value = 123400; return OK; }
int nvmlDeviceGetEnforcedPowerLimit(Device *d, unsigned *value) { TELL(d); *value = 350000; return OK; }
int nvmlDeviceGetClockInfo(Device *d, int type, unsigned *value) { TELL(d); *value = type == 2 ? 9501 : 1815; return OK; }
int nvmlDeviceGetFanSpeed_v2(Device *d, unsigned fan, unsigned *value) { (void)fan; TELL(d); *value = 42; return OK; }
int nvmlDeviceGetCurrentClocksThrottleReasons(Device *d, unsigned long long *value) { TELL(d); *value = (unsigned long long)state.throttled[d->index]; return OK; }
int nvmlDeviceGetMigMode(Device *d, unsigned *current, unsigned *pending) {
  ASK(d);
  if (!state.mig[d->index]) return NOT_SUPPORTED;
  *current = *pending = 1;
  return OK;
}
int nvmlDeviceGetMaxMigDeviceCount(Device *d, unsigned *count) { ASK(d); *count = 7; return OK; }
int nvmlDeviceGetMigDeviceHandleByIndex(Device *d, unsigned index, Device **found) {
  ASK(d);
  if ((int)index >= state.mig[d->index]) return NOT_FOUND;
  *found = &slice[d->index][index];
  return OK;
}
int nvmlDeviceGetComputeRunningProcesses_v3(Device *d, unsigned *count, Process *found) {
  ASK(d);
  unsigned n = 0, room = *count;
  for (int i = 0; i < state.processes; i++) {
    if (state.process[i].gpu != d->index) continue;
    if (found && n < room) {
      memset(&found[n], 0, sizeof found[n]);
      found[n].pid = state.process[i].pid;
      found[n].used = state.process[i].mib << 20;
      found[n].gpu_instance = found[n].compute_instance = 0xFFFFFFFF;
    }
    n++;
  }
  *count = n;
  return found || !n ? OK : TOO_SMALL;
}
int nvmlDeviceGetGraphicsRunningProcesses_v3(Device *d, unsigned *count, Process *found) { (void)found; TELL(d); *count = 0; return OK; }
int nvmlDeviceGetProcessUtilization(Device *d, Share *found, unsigned *count, unsigned long long since) {
  (void)since;
  TELL(d);
  unsigned n = 0, room = *count;
  for (int i = 0; i < state.processes; i++) {
    if (state.process[i].gpu != d->index) continue;
    if (found && n < room) {
      memset(&found[n], 0, sizeof found[n]);
      found[n].pid = state.process[i].pid;
      found[n].sm = state.process[i].percent;
      found[n].at = (unsigned long long)time(NULL) * 1000000;
    }
    n++;
  }
  *count = n;
  if (!n) return NOT_FOUND;
  return found ? OK : TOO_SMALL;
}
int nvmlDeviceGetSupportedEventTypes(Device *d, unsigned long long *types) { TELL(d); *types = 8; return OK; }
int nvmlEventSetCreate(void **set) { *set = &watched[watching < GPUS ? watching : 0]; return OK; }
int nvmlDeviceRegisterEvents(Device *d, unsigned long long types, Device **set) { (void)types; TELL(d); *set = d; watching++; return OK; }
int nvmlEventSetWait_v2(Device **set, Event *event, unsigned patience) {
  (void)patience;
  long inode = look();
  if (!state.xid || inode == told_inode || !*set || (*set)->index != state.xid_gpu) return TIMEOUT;
  told_inode = inode;
  memset(event, 0, sizeof *event);
  event->device = *set;
  event->type = 8;
  event->data = (unsigned long long)state.xid;
  return OK;
}
int nvmlEventSetFree(void *set) { (void)set; watching = 0; return OK; }
