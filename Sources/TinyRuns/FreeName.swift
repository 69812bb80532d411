/// The first of `name`, `name-2`, `name-3`, … that is not taken.
func freeName<Failure: Error>(
    _ name: String, isTaken: (String) throws(Failure) -> Bool
) throws(Failure) -> String {
    var candidate = name, number = 2
    while try isTaken(candidate) {
        candidate = "\(name)-\(number)"
        number += 1
    }
    return candidate
}
