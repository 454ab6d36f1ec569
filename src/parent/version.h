/* version: what this program was built from. The values are made when it is built. */
#ifndef PARENT_VERSION_H
#define PARENT_VERSION_H

extern const char ensign_version[]; /* "0.1.0" */
extern const char ensign_commit[];  /* "61b822e0a9c4", with "-dirty" when files were changed; "unknown" without git */
extern const char ensign_build[];   /* compiler, machine and kind of build */

#endif
