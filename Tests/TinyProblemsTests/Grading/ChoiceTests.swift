import Testing
import TinyProblems

@Suite("A choice letter")
struct ChoiceTests {
    @Test(
        "is no answer beside another one",
        arguments: [
            #"\boxed{(A) or (B)}"#, #"\boxed{(A)(B)(C)}"#, #"\boxed{(A), (B)}"#, #"\boxed{(A)/(B)}"#, #"\boxed{A B}"#,
            #"\boxed{A, B}"#, #"\boxed{(A)BCDE}"#, #"\boxed{\text{(A) or (B)}}"#, "(A)BCDE", "A, B, C, D", "A B",
            "(A) (B)", "A or B",
            "The answer is (A) or (B).", "The answer is A B.", "The answer is (A)(B).", "I choose (A) or (B)",
            #"The answer is \textbf{(A)}, \textbf{(B)}"#, #"\boxed{(A) 1 (B) 2}"#,
        ])
    func several(prediction: String) {
        for gold in ["A", "(A)", #"\text{(A)}"#, "B", "(B)"] { #expect(!isAccepted(prediction, gold), "\(gold)") }
    }

    @Test(
        "is found alone",
        arguments: [
            #"\boxed{C}"#, #"\boxed{(C)}"#, #"\boxed{\textbf{(C)}}"#, "C", "(C)", "C.", "The answer is (C).",
            "The answer is C, I think", "We drop (A) and (B), so it is (C)",
            "The answer is (C) since (A) is too small.",
            "The answer is (C) A = 5.", "The answer is (C) B cells.", "The answer is C, and A is wrong.", "C. A and B",
            "(C) I and II",
            #"\boxed{\textbf{(C)}\ 120}"#, #"\boxed{(C) 12}"#, "C. it can't be A or B",
        ])
    func alone(prediction: String) {
        for gold in ["C", "(C)"] { #expect(isAccepted(prediction, gold), "\(gold)") }
        #expect(!isAccepted(prediction, "D"))
    }

    @Test(
        "may have one bracket, or a word before it",
        arguments: [
            #"\boxed{\text{B) }}"#, #"\boxed{\text{Option B}}"#, #"\boxed{\textbf{Option (B)}}"#, #"\boxed{Choice B}"#,
            #"\boxed{\text{B}}"#,
        ])
    func named(prediction: String) {
        #expect(isAccepted(prediction, #"\text{(B)}"#))
        #expect(!isAccepted(prediction, #"\text{(A)}"#))
    }

    @Test(
        "before a value does not hide the value",
        arguments: [
            #"\boxed{\textbf{(C)}\ 12}"#, #"\boxed{\textbf{(C)}~12}"#, #"\boxed{\text{(C) } 12}"#, #"\boxed{(C) 12}"#,
            #"\boxed{\mathrm{(C)}\ 12}"#, #"\boxed{\textbf{(C) 12}}"#, #"\boxed{\textbf{C}\ 12}"#, #"\boxed{C) 12}"#,
            #"\boxed{C. 12}"#, "The answer is (C) 12.", "So the answer is (C) $12$",
            #"The answer is $\textbf{(C)}\ 12$."#,
            "**(C) 12**",
        ])
    func labelled(prediction: String) {
        for gold in ["12", #"\textbf{(C)}\ 12"#, "(C) 12", "C"] { #expect(isAccepted(prediction, gold), "\(gold)") }
        for gold in ["13", "D", "(D) 12"] { #expect(!isAccepted(prediction, gold), "\(gold)") }
    }

    @Test("of a gold answer with a value is right alone, and so is the value")
    func either() {
        for prediction in ["C", #"\boxed{C}"#, #"\boxed{(C)}"#, "12", #"\boxed{12}"#, "The answer is 12."] {
            #expect(isAccepted(prediction, #"\textbf{(C)}\ 12"#), "\(prediction)")
        }
        for prediction in ["D", "13", #"\boxed{(C) 13}"#, #"\boxed{(D) 12}"#, #"\boxed{C, D}"#, #"\boxed{12, 13}"#] {
            #expect(!isAccepted(prediction, #"\textbf{(C)}\ 12"#), "\(prediction)")
        }
        #expect(isAccepted("Alina", "(D) Alina") && isAccepted("D", "(D) Alina"))
        #expect(!isAccepted(#"\boxed{(D) Bea}"#, "(D) Alina"))
    }

    @Test(
        "in an expression is a variable",
        arguments: [
            ("(A,B)", "(A, B)"), ("AB", "(A)(B)"), ("(A)12", "12A"), ("(A)B", "AB"), ("A(x)", "A(x)"),
            ("(C) + 12", "C+12"),
            ("(C) - 12", "C-12"), ("(A)^2", "A^2"), ("(A)/2", #"\frac{A}{2}"#), (#"(A) \cup (B)"#, #"A \cup B"#),
        ])
    func variable(prediction: String, gold: String) { #expect(isAccepted("\\boxed{\(prediction)}", gold)) }

    @Test(
        "in an expression is no label",
        arguments: [("(C) - 12", "-12"), ("(C)-12", "-12"), ("(A)12", "12"), ("(A) B", "B"), (#"(A) \cdot 12"#, "12")])
    func noLabel(prediction: String, gold: String) { #expect(!isAccepted("\\boxed{\(prediction)}", gold)) }
}
