/// The first of `name`, `name-2`, `name-3`, … that is not taken.
func freeName(_ name: String, isTaken: (String) -> Bool) -> String {
    var candidate = name, number = 2
    while isTaken(candidate) {
        candidate = "\(name)-\(number)"
        number += 1
    }
    return candidate
}
