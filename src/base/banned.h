/* Included before everything (-include): turns dangerous libc calls into compile errors.
 * The libc headers come first, so that their own declarations are not touched. */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define BANNED(f) kizuki_banned_##f
#undef strcpy
#define strcpy BANNED(strcpy)
#undef strcat
#define strcat BANNED(strcat)
#undef strncpy
#define strncpy BANNED(strncpy)
#undef strncat
#define strncat BANNED(strncat)
#undef sprintf
#define sprintf BANNED(sprintf)
#undef vsprintf
#define vsprintf BANNED(vsprintf)
#undef strtok
#define strtok BANNED(strtok)
#undef gets
#define gets BANNED(gets)
#undef atoi
#define atoi BANNED(atoi)
#undef atol
#define atol BANNED(atol)
#undef rand
#define rand BANNED(rand)
/* The time zone of the machine is no input of ours: base/time.h converts. */
#undef localtime
#define localtime BANNED(localtime)
#undef gmtime
#define gmtime BANNED(gmtime)
#undef ctime
#define ctime BANNED(ctime)
#undef asctime
#define asctime BANNED(asctime)
#undef mktime
#define mktime BANNED(mktime)
/* No shell anywhere: programs are started by argv. */
#undef system
#define system BANNED(system)
#undef popen
#define popen BANNED(popen)
