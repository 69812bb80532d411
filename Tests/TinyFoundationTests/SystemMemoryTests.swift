import Testing
import TinyFoundation

@Suite("The memory of the machine")
struct SystemMemoryTests {
    @Test("what is available is read from the kernel's table, in bytes")
    func available() {
        let table = """
            MemTotal:       24105000 kB
            MemFree:         1000000 kB
            MemAvailable:   19679123 kB
            Buffers:              12 kB
            """
        #expect(SystemMemory.available(meminfo: table) == 19_679_123 << 10)
        #expect(SystemMemory.available(meminfo: "MemTotal: 1 kB") == nil)
        #expect(SystemMemory.available(meminfo: "MemAvailable: ? kB") == nil)
    }

    @Test(
        "a limit may be that of any control group from the process's own to the root",
        arguments: [
            ("0::/user.slice/a.scope\n", ["/user.slice/a.scope", "/user.slice", ""]),
            ("4:memory:/old\n1:cpu:/old\n0::/job/step 0\n", ["/job/step 0", "/job", ""]),
            ("0::/\n", [""]), ("4:memory:/old\n", [""]), ("", [""]),
        ])
    func controlGroups(table: String, expected: [String]) {
        #expect(SystemMemory.controlGroups(cgroup: table) == expected)
    }

    @Test("no more is available than there is")
    func bounded() {
        if let available = SystemMemory.available { #expect(available > 0 && available <= SystemMemory.byteCount) }
    }
}
