import Foundation
import Testing
import TinyFoundation

@Suite("another program")
struct ChildProgramTests {
    private func shell(_ script: String) -> ChildProgram { ChildProgram("/bin/sh", ["-c", script]) }

    @Test("gets its input; its output, the end of its errors and its status are returned")
    func result() throws {
        let program = shell("sort; printf 'x%.0s' $(seq 5000) >&2; echo end >&2; exit 3")
        let result = try program.run(input: Data("b\na\n".utf8))
        #expect(result.ending == .exited(3))
        #expect(String(decoding: result.output, as: UTF8.self) == "a\nb\n")
        #expect(result.lastErrors == String(repeating: "x", count: 4092) + "end\n")
        #expect(try shell("kill -KILL $$").run().ending == .killed(SIGKILL))
        #expect(try shell("wc -c").run().output.contains(UInt8(ascii: "0")))
        #expect(throws: (any Error).self) { try ChildProgram("/no/such/program", []).run() }
    }

    @Test("gets this process's environment or the one that is given")
    func environment() throws {
        let given = ChildProgram("/bin/sh", ["-c", "echo $WORD$HOME"], environment: ["WORD": "given"])
        #expect(String(decoding: try given.run().output, as: UTF8.self) == "given\n")
        #expect(try shell("test -n \"$PATH\"").run().ending == .exited(0))
    }

    @Test("does not make its caller wait for what it leaves running")
    func leftBehind() throws {
        let start = ContinuousClock.now
        let result = try shell("(sleep 60 & echo $! >&2)").run()
        let number = try #require(pid_t(result.lastErrors.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(kill(number, SIGKILL) == 0)
        #expect(result.ending == .exited(0))
        #expect(ContinuousClock.now - start < .seconds(30))
    }

    @Test("is killed when its time is over, also before it began", arguments: [0.0, 0.3])
    func limit(seconds: Double) throws {
        let start = ContinuousClock.now, program = shell("sleep 60 & sleep 60")
        program.end(after: seconds)
        let result = try program.run()
        #expect(result.ending == .killed(SIGKILL) && program.isDue)
        #expect(ContinuousClock.now - start < .seconds(30))
    }
}
