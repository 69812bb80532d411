import Testing
import TinyProblems

@Suite("A list in an answer")
struct ListTests {
    @Test(
        "is a tuple without its brackets, in the same order",
        arguments: [
            ("6,31,-1", "(6,31,-1)"), ("3, 4", "(3, 4)"), (#"\frac12, 2, 3"#, "(0.5, 2, 3)"), ("1, 2, 3", "[1, 2, 3]"),
            (#"2 \text{ and } 3"#, "(2, 3)"), ("(3, 5, 7)", "3, 5, 7"), ("[3, 5, 7]", "3, 5, 7"), ("(3, 5)", "3, 5"),
            (#"\langle 1,2,3\rangle"#, "(1,2,3)"), (#"\left\langle 1, 2\right\rangle"#, "(1,2)"),
            ("(1,2)", #"\langle 1, 2 \rangle"#),
        ])
    func tuple(prediction: String, gold: String) { #expect(isAccepted("\\boxed{\(prediction)}", gold)) }

    @Test(
        "is no tuple in another order or of other brackets",
        arguments: [
            ("31,6,-1", "(6,31,-1)"), ("6,31", "(6,31,-1)"), ("4, 3", "(3, 4)"), ("(5, 3, 7)", "3, 5, 7"),
            ("[3, 5]", "3, 5"), ("3, 5", "[3, 5]"), ("(3, 5, 7]", "3, 5, 7"), ("[1,2]", "(1,2)"), ("(1,2)", "[1,2]"),
            ("[1,2,3]", "(1,2,3)"), (#"\{1,2\}"#, "(1,2)"), ("(1,2)", #"\{1,2\}"#), ("5", "(5, 5)"),
            ("2100", "(2,100)"),
        ])
    func other(prediction: String, gold: String) { #expect(!isAccepted("\\boxed{\(prediction)}", gold)) }

    @Test("without brackets is in any order")
    func anyOrder() { #expect(isAccepted(#"\boxed{7, 3, 5}"#, "3, 5, 7")) }
}
