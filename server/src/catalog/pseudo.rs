//! The kernel's own file systems: what looks like a regular file there is endless, empty or changed by reading.

use std::io;
use std::os::fd::AsFd;

/// Their magic numbers, from `linux/magic.h` and the file systems' sources.
const PSEUDO: &[u32] = &[
    0x0000_9fa0, // proc
    0x6265_6572, // sysfs
    0x7472_6163, // tracefs
    0x6462_6720, // debugfs
    0x0027_e0eb, // cgroup
    0x6367_7270, // cgroup2
    0x7363_6673, // securityfs
    0xcafe_4a11, // bpf
    0x6265_6570, // configfs
    0x6165_676c, // pstore
    0xde5e_81e4, // efivarfs
    0xf97c_ff8c, // selinuxfs
    0x4341_5d53, // smackfs
    0x0000_1cd1, // devpts
    0x4249_4e4d, // binfmt_misc
    0x6e73_6673, // nsfs
    0x6573_5543, // fusectl
    0x1980_0202, // mqueue
    0x0765_5821, // resctrl
    0x534f_434b, // sockfs
    0x5049_5045, // pipefs
    0x0904_1934, // anonymous inodes
    0xabba_1974, // xenfs
];

/// Whether the handle is on one of them.
pub fn is_on_pseudo(handle: impl AsFd) -> io::Result<bool> {
    // The magic is 32 bits whatever width the platform's field has.
    let magic = (rustix::fs::fstatfs(handle)?.f_type & 0xffff_ffff) as u32;
    Ok(PSEUDO.contains(&magic))
}
