import Testing
import TinyProblems

@Suite("A comma between digits")
struct CommaTests {
    private func isAccepted(_ prediction: String, _ gold: String, _ options: GradingOptions = GradingOptions()) -> Bool
    {
        MathGrader(options: options).grade("\\boxed{\(prediction)}", gold: gold).strict
    }

    @Test(
        "is a decimal comma of the gold answer, too, unless a single 0 follows",
        arguments: [
            ("1,2", "1.2"), ("1,2", "2,1"), ("3,00", "3"), ("-3,0", "-3,0"), ("-3,0", "0,-3"), ("1,22", "1.22"),
        ])
    func decimal(gold: String, prediction: String) { #expect(isAccepted(prediction, gold)) }

    @Test("is none before a single 0", arguments: [("-3,0", "-3"), ("1,0", "1"), ("$3,0$", "3"), ("3,0", "3.0")])
    func list(gold: String, prediction: String) { #expect(!isAccepted(prediction, gold)) }

    @Test("has no tolerance as a decimal comma")
    func tolerance() {
        var options = GradingOptions()
        options.absoluteTolerance = 0.5
        for prediction in ["0^0", "1", "1.5"] { #expect(!isAccepted(prediction, "1,2", options), "\(prediction)") }
        #expect(isAccepted("1.2", "1,2", options))
        #expect(isAccepted("1.4, 1.6", "1,2", options))
    }

    @Test(
        "separates numbers where brackets enclose the answer and no space follows a comma",
        arguments: [
            ("(20,100)", "20100"), ("(312,123,231)", "312123231"), ("(20,100)", "[20,100]"), ("[20,100]", "(20,100)"),
            ("(20,100)", "(20100)"), (#"\{20,100\}"#, "20100"), (#"\left(20,100\right)"#, "20100"),
            ("20100", "(20,100)"),
        ])
    func tuple(gold: String, prediction: String) { #expect(!isAccepted(prediction, gold)) }

    @Test(
        "groups digits elsewhere",
        arguments: [
            ("(20,100)", "(20, 100)"), ("(312, 123, 231)", "(312,123,231)"), ("20,100", "20100"),
            ("(5, 1,234)", "(5, 1234)"),
            ("2(1,234)", "2468"), (#"\{20,100\}"#, "100, 20"), ("(5, 1,234)", "(5, 1, 234)"),
        ])
    func grouped(gold: String, prediction: String) { #expect(isAccepted(prediction, gold)) }
}
