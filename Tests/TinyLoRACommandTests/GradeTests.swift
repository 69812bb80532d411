import Foundation
import Testing

@Suite("tinylora grade", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads)
struct GradeTests {
    /// Grades lines as a shell would, through a pipe.
    private func grade(_ lines: String) throws -> (status: Int32, output: [String]) {
        let process = Process()
        let input = Pipe(), output = Pipe()
        process.executableURL = URL(fileURLWithPath: try #require(Executable.path))
        process.arguments = ["grade", "--jsonl"]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(lines.utf8))
        try input.fileHandleForWriting.close()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text.split(separator: "\n").map(String.init))
    }

    @Test("answers each line in order, and a bad line with an error")
    func lines() throws {
        let (status, output) = try grade(
            #"""
            {"prediction": "so \\boxed{14/3}", "gold": "\\frac{14}{3}", "kind": "text"}
            {"prediction": "The answer is 4.", "gold": "4"}
            nonsense
            {"prediction": "1", "gold": "1", "gold": "2"}
            {"prediction": "5"}
            {"prediction": "9.8", "gold": "9.81", "options": {"relative_tolerance": 0.01}}
            {"prediction": "9.8", "gold": "9.81", "options": {"relative_tolerence": 0.01}}
            {"prediction": "no idea at all, sorry", "gold": "1"}
            """#)
        #expect(status == 0)
        #expect(
            output == [
                #"{"extracted":"14/3","lenient":true,"strict":true}"#,
                #"{"extracted":"4","lenient":true,"strict":false}"#,
                #"{"error":"line 3 is not valid JSON: column 2: expected 'null'"}"#,
                #"{"error":"line 4 has \"gold\" twice, the second time in column 34"}"#,
                #"{"error":"line 5 has no \"gold\""}"#,
                #"{"extracted":"9.8","lenient":true,"strict":true}"#,
                #"{"error":"options in line 7 has \"relative_tolerence\", which is no option, did you mean \"relative_tolerance\"?"}"#,
                #"{"extracted":null,"lenient":false,"strict":false}"#,
            ])
    }

    @Test("grades as a training does with another grader, for all lines or for one")
    func graders() throws {
        let (status, output) = try grade(
            #"""
            {"prediction": "so \\boxed{18}", "gold": "18", "options": {"grader": "final-answer"}}
            {"prediction": "9 * 2 = 18\n#### $18 in total", "gold": "18", "options": {"grader": "final-answer"}}
            {"prediction": "so \\boxed{70{,}000}", "gold": "7 * 10\n#### 70,000", "options": {"grader": "final-answer"}}
            {"prediction": "so \\boxed{18}", "gold": "18", "options": {"grader": "math"}}
            {"prediction": "18", "gold": "18", "options": {"grader": "final"}}
            {"prediction": "18", "gold": "18", "options": {"grader": "final-answer", "precision": 2}}
            """#)
        #expect(status == 0)
        #expect(
            output == [
                #"{"extracted":"18","lenient":true,"strict":false}"#,
                #"{"extracted":"$18","lenient":true,"strict":true}"#,
                #"{"extracted":"70{,}000","lenient":true,"strict":false}"#,
                #"{"extracted":"18","lenient":true,"strict":true}"#,
                #"{"error":"options.grader in line 5 is \"final\", expected final-answer or math"}"#,
                #"{"error":"options in line 6 has \"precision\", which the grader final-answer does not use"}"#,
            ])
        let scratch = try Scratch()
        let pair = ["--gold", "18", "--prediction", "\\boxed{18}"]
        let strict = try Executable.run(["grade", "--grader", "final-answer"] + pair, in: scratch)
        #expect(strict.output.contains(#""strict":false"#))
        #expect(try Executable.run(["grade", "--grader", "final"] + pair, in: scratch).status != 0)
    }

    @Test("grades one pair, and refuses half a pair")
    func onePair() throws {
        let scratch = try Scratch()
        let pair = try Executable.run(["grade", "--gold", "\\frac12", "--prediction", "0.5"], in: scratch)
        #expect(pair.status == 0)
        #expect(try Executable.run(["grade", "--gold", "1"], in: scratch).status != 0)
        #expect(try Executable.run(["grade", "--jsonl", "--gold", "1"], in: scratch).status != 0)
    }
}
