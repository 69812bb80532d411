import Foundation
import Testing
import TinyProblems
import TinyFoundation

/// `CommandReward` with commands that any system has.
@Suite("A command as a reward")
struct CommandRewardTests {
    private let answers = ["a", "b", "c"].enumerated().map {
        GradedAnswer("completion \($1)", to: Problem(id: "\($0)", question: "q \($1)", answer: $1))
    }

    private func grades(_ command: String, limit: Duration = .seconds(20)) -> [Grade] {
        CommandReward(command, limit: limit).grades(of: answers)
    }

    @Test("gets a line per completion and gives a score per line, in order")
    func scores() {
        let command =
            #"while read -r line; do case "$line" in *'"completion b"'*) echo '{"score": 1}';; "#
            + #"*) echo '{"score": 0.25, "more": true}';; esac; done"#
        let grades = grades(command)
        #expect(grades.map { $0.reward() } == [0.25, 1, 0.25])
        #expect(grades.map(\.strict) == [false, true, false])
        #expect(grades.allSatisfy { $0.failure == nil && $0.isAnswered && $0.extracted == nil })
    }

    @Test("sees the completion, the question, the answer and what else is known")
    func input() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        let problem = Problem(
            id: "7", question: "two\nlines", answer: "\"", solution: "s", subject: "sums", level: "2")
        let grade = CommandReward("cat > '\(file.path)'; echo '{\"score\": 1}'").grade("c\u{2028}d", for: problem)
        #expect(grade.strict)
        let row = try JSONDecoder().decode([String: String].self, from: Data(contentsOf: file))
        #expect(
            row == [
                "id": "7", "question": "two\nlines", "answer": "\"", "solution": "s", "subject": "sums", "level": "2",
                "completion": "c\u{2028}d",
            ])
    }

    @Test("sees the whole row of its file, whatever keys it has", arguments: [false, true])
    func row(inArray: Bool) throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        let row = #"{"question": "q", "answer": "1", "tests": ["f(1) == 2",\#n"é\n"], "limit": 1e3}"#
        let text = inArray ? "[\n  \(row)\n]\n" : row.replacing("\n", with: " ") + "\r\n"
        let set = try ProblemSet(bytes: Array(text.utf8), path: "rows")
        _ = CommandReward("cat > '\(file.path)'; echo '{\"score\": 1}'").grade("c", for: set.problems[0])
        let read = try Data(contentsOf: file)
        #expect(read.split(separator: UInt8(ascii: "\n")).count == 1)
        let object = try #require(JSONSerialization.jsonObject(with: read) as? [String: Any])
        let found = try #require(object["row"] as? [String: Any])
        #expect(object["completion"] as? String == "c" && found["question"] as? String == "q")
        #expect(found["tests"] as? [String] == ["f(1) == 2", "é\n"] && found["limit"] as? Double == 1000)
    }

    @Test(
        "scores 0 with a reason when it fails",
        arguments: [
            ("echo oh no >&2; exit 3", "the command ended with status 3: oh no"),
            ("echo '{\"score\": 1}'", "the command wrote 1 lines, expected 3"),
            ("kill -9 $$", "the command ended by signal 9"),
            ("this-command-is-not-there", "the command ended with status 127"),
        ])
    func failures(command: String, reason: String) {
        let grades = grades(command)
        #expect(grades.count == 3)
        #expect(grades.allSatisfy { !$0.strict && !$0.lenient && $0.reward() == 0 && !$0.isAnswered })
        #expect(grades.allSatisfy { $0.failure?.hasPrefix(reason) == true }, "\(grades)")
        #expect(ParseStatistics(grades).failed == 3)
    }

    @Test("is tried on one problem before a run, and refused with its reason when it fails")
    func trial() throws {
        let problem = answers[0].problem
        func attempt(_ grader: String) throws {
            try GraderChoice(grader).tryCommand(on: problem, limit: .seconds(20))
        }
        try attempt(#"command:echo '{"score": 0}'"#)
        try attempt("math")
        let failing = [
            ("echo no json >&2; exit 1", "status 1: no json"), ("cat", "is not {\"score\": number}"),
        ]
        for (command, reason) in failing {
            let error = #expect(throws: ProblemError.self) { try attempt("command:" + command) }
            #expect(error?.code == .unusableGrader)
            #expect(error?.message.contains("failed on a trial") == true && error?.message.contains(reason) == true)
        }
    }

    @Test("fails only the line that is no score")
    func badLine() {
        let grades = grades(#"printf '{"score": 1}\nnothing\n{"score": 2}\n'"#)
        #expect(grades.map { $0.reward() } == [1, 0, 2])
        #expect(grades.map(\.failure) == [nil, "the command's line 2 is not {\"score\": number}", nil])
    }

    @Test("is ended when its time is over, with what it started, and no score then counts")
    func timeLimit() {
        let start = ContinuousClock.now
        let grades = grades(#"echo '{"score": 1}'; sleep 100 & sleep 100"#, limit: .milliseconds(300))
        #expect(ContinuousClock.now - start < .seconds(20))
        #expect(grades.allSatisfy { $0.reward() == 0 && $0.failure?.hasPrefix("the command took longer than") == true })
    }

    #if os(Linux)
        @Test("counts lines that the command's child processes write after its end")
        func lateLines() {
            let line = #"{"score": 1}"#
            let grades = grades("(sleep 0.3; echo '\(line)'; echo '\(line)') & echo '\(line)'")
            #expect(grades.map { $0.reward() } == [1, 1, 1])
        }
    #endif

    @Test("does not wait for what the command leaves running")
    func server() {
        let start = ContinuousClock.now, line = #"{"score": 1}"#
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer {
            let left = (try? String(contentsOf: file, encoding: .utf8))?.split(separator: "\n").compactMap { Int32($0) }
            for identifier in left ?? [] { kill(identifier, SIGKILL) }
            try? FileManager.default.removeItem(at: file)
        }
        // Once with an end of the last line, and once without.
        for format in [#"\n%s\n"#, #"\n%s"#] {
            let grades = grades("(sleep 40 & echo $! >> '\(file.path)'); printf '\(line)\n\(line)\(format)' '\(line)'")
            #expect(grades.map { $0.reward() } == [1, 1, 1])
        }
        #expect(ContinuousClock.now - start < .seconds(15))
    }

    @Test(
        "a program that cannot be started is found before anything is graded",
        arguments: [
            ("no-such-program --flag", "there is no program no-such-program"),
            ("./no-such-program", "there is no file ./no-such-program"),
            ("A=1 B='x y' exec '/no such/program' a", "there is no file /no such/program"),
            ("/tmp", "/tmp is a directory"), ("/etc/passwd | cat", "/etc/passwd is not executable"),
            ("sh -e /no/such/script.sh", nil), ("sh -u /no/such/script.sh", "there is no file /no/such/script.sh"),
            ("sh no-such-script.sh", "there is no file no-such-script.sh"), ("sh -c 'no-such-program'", nil),
            ("while read -r line; do echo 1; done", nil), ("cat | sort", nil), ("{ no-such-program; }", nil),
            ("$GRADER", nil), ("(cd /; ./run)", nil), ("/bin/sh", nil), ("A=1", nil), ("sh < no-such-script.sh", nil),
        ] as [(String, String?)])
    func programs(command: String, reason: String?) throws {
        guard let reason else { return try CommandReward(command).checkProgram() }
        let error = #expect(throws: ProblemError.self) { try GraderChoice("command:\(command)").checkProgram() }
        #expect(error?.message == "the grader \"\(command)\" cannot be started: \(reason)")
    }
}
