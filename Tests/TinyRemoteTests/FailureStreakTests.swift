import Testing
import TinyFoundation
import TinyRemote

@Suite("Failures of an engine")
struct FailureStreakTests {
    private let start = ContinuousClock.now

    private func waits(_ failures: [ServerFailure], atMost longest: Duration = .seconds(15)) -> [Duration] {
        var streak = FailureStreak()
        return failures.map { failure in
            streak.add(failure, at: start)
            return streak.wait(atMost: longest)
        }
    }

    @Test("each wait is twice the one before, up to the longest")
    func waits() {
        #expect(FailureStreak().wait(atMost: .seconds(15)) == .zero)
        let lost = [ServerFailure](repeating: .lost("gone"), count: 100)
        #expect(waits(lost).prefix(7).map { $0 / .seconds(1) } == [0.5, 1, 2, 4, 8, 15, 15])
        #expect(waits(lost).last == .seconds(15))
        #expect(waits(lost, atMost: .zero).allSatisfy { $0 == .zero })
    }

    @Test("an engine that asks for a wait gets it, also beyond the longest")
    func asked() {
        let busy: [ServerFailure] = [
            .passing("busy", wait: .zero), .passing("busy", wait: .seconds(60)), .passing("broken"),
        ]
        #expect(waits(busy).map { $0 / .seconds(1) } == [0.5, 60, 2])
    }

    @Test(
        "ten refusals of a request give it up; an engine that is lost or busy refuses nothing",
        arguments: [
            (.passing("no"), true), (.late("no"), true), (.unknownAdapter("no"), true),
            (.passing("no", wait: .zero), false),
            (.lost("no"), false),
        ] as [(ServerFailure, Bool)])
    func refusals(failure: ServerFailure, counts: Bool) throws {
        var streak = FailureStreak()
        for _ in 1..<FailureStreak.mostRefusals { streak.add(failure, at: start) }
        streak.add(.lost("gone"), at: start)  // it makes nothing of the others undone
        try streak.requireFewRefusals()
        streak.add(failure, at: start)
        guard counts else { return try streak.requireFewRefusals() }
        let error = #expect(throws: RemoteError.self) { try streak.requireFewRefusals() }
        #expect(error?.code == .refused && error?.message == "no (10 times)")
        let isLate = if case .late = failure { true } else { false }
        #expect((error?.hint?.contains("--timeout") == true) == isLate)
    }

    @Test("half of the requests after one that was late, one more after as many successes")
    func limit() {
        var limit = RequestLimit(256)
        limit.succeeded()
        #expect(limit.count == 256)
        for _ in 0..<40 { limit.ranOut(of: 40, since: 0) }  // they were sent together
        #expect(limit.count == 20 && limit.reductions == 1)
        limit.ranOut(of: 20, since: 1)
        #expect(limit.count == 10)
        for _ in 0..<10 { limit.succeeded() }
        #expect(limit.count == 10)
        limit.succeeded()
        #expect(limit.count == 11)
        for reductions in 2..<9 { limit.ranOut(of: 1, since: reductions) }
        #expect(limit.count == 1)
    }

    @Test("the patience begins with the first failure and ends with a sentence that has the last one")
    func patience() throws {
        var streak = FailureStreak()
        try streak.require(.seconds(600), at: start, of: "server")
        streak.add(.lost("gone"), at: start)
        streak.add(.passing("it answered with status 500"), at: start + .seconds(500))
        #expect(streak.silence(at: start + .seconds(599)) == .seconds(599))
        try streak.require(.seconds(600), at: start + .seconds(599), of: "server")
        let error = #expect(throws: RemoteError.self) {
            try streak.require(.seconds(600), at: start + .seconds(601), of: "server")
        }
        #expect(error?.code == .unreachable)
        #expect(
            error?.message == "no server has answered for 601 s; the last failure: it answered with status 500")
        #expect(error?.hint?.hasPrefix("start the server and resume the run") == true)
    }
}
