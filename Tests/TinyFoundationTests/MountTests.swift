import Testing
import TinyFoundation

/// Whether a lock reaches the other machines that mount the same files is read from the system's table of mounts.
@Suite("a mount") struct MountTests {
    private let table = """
        22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw
        30 22 0:26 / /proc rw - proc proc rw
        41 22 0:45 / /home rw,relatime shared:20 - nfs4 server:/home rw,vers=4.2,local_lock=none
        42 22 0:46 / /old rw,relatime shared:21 - nfs server:/old rw,vers=3,nolock,local_lock=all
        43 22 0:47 / /scratch rw - lustre 10.0.0.1@o2ib:/scratch rw,flock,lazystatfs
        44 22 0:48 / /fast rw - lustre 10.0.0.1@o2ib:/fast rw,localflock
        45 22 0:49 / /a\\040disk rw - fuse.sshfs me@host:/ rw
        46 22 0:50 / /home/shadow rw - tmpfs none rw
        47 22 0:51 / /home/shadow rw - beegfs beegfs_nodev rw
        a line of another kind
        """

    @Test(
        "locks reach other machines unless the kind of file system or its options say otherwise",
        arguments: [
            ("/tmp/runs", "/", "ext4", true), ("/home/me/runs", "/home", "nfs4", true),
            ("/home", "/home", "nfs4", true),
            ("/homes/me", "/", "ext4", true), ("/old/runs", "/old", "nfs", false),
            ("/scratch/runs", "/scratch", "lustre", true), ("/fast/runs", "/fast", "lustre", false),
            ("/a disk/runs", "/a disk", "fuse.sshfs", false), ("/home/shadow/x", "/home/shadow", "beegfs", false),
        ])
    func reach(path: String, point: String, kind: String, reaches: Bool) throws {
        let mount = try #require(Mount.holding(path, in: table))
        #expect(mount.path == point && mount.kind == kind)
        #expect(mount.locksReachAllMachines == reaches)
    }

    @Test("a table that says nothing gives nothing")
    func nothing() { #expect(Mount.holding("/tmp", in: "") == nil) }
}
