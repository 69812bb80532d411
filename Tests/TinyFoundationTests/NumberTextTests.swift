import Testing
import TinyFoundation

@Suite("Numbers as text")
struct NumberTextTests {
    @Test(
        "seconds are shown as a clock shows them, however many they are",
        arguments: [
            (0, "0:00:00"), (-3, "0:00:00"), (59.4, "0:00:59"), (59.5, "0:01:00"), (291, "0:04:51"),
            (442_862, "123:01:02"), (31_536_000, "8760:00:00"), (31_536_001, "> 1 year"),
            // What a run of the most steps has left: more than an integer holds.
            (2e19, "> 1 year"), (.infinity, "> 1 year"), (-Double.infinity, "0:00:00"), (.nan, "?"),
        ] as [(Double, String)])
    func clock(seconds: Double, text: String) {
        #expect(clockTime(seconds) == text)
    }

    @Test(
        "p-values never read as 0",
        arguments: [
            (1, "1.000", "p = 1.000"), (0.0005, "0.001", "p = 0.001"), (0.0004, "4e-4", "p = 4e-4"),
            (9.1e-53, "9e-53", "p = 9e-53"), (1e-300, "1e-300", "p = 1e-300"),
            (.leastNonzeroMagnitude, "<1e-300", "p < 1e-300"), (0, "<1e-300", "p < 1e-300"),
        ] as [(Double, String, String)])
    func probabilities(value: Double, text: String, phrase: String) {
        #expect(pValueText(value) == text)
        #expect(pValuePhrase(value) == phrase)
    }
}
