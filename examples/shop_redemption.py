"""How a shop takes points for what it sells. It needs scorekeeper_client.py beside it, and nothing else.

    URL=http://127.0.0.1:8000 KEY=… python3 shop_redemption.py

plays an evening in a shop with user 13: an order that the points cover, the same order sent twice, one that they don't cover,
and one that the shop can't deliver, so that the points come back.
"""

import datetime
import uuid

from scorekeeper_client import InsufficientPoints, from_environment


class OutOfStock(Exception):
    """The shop does not have it any more."""


class Shop:
    def __init__(self, points, stock):
        self.points = points
        self.stock = stock
        self.delivered = set()

    def order(self, number, user_id, article, price):
        """Takes the points and delivers. The sentence is what the customer reads.

        Points are taken first, since a reserved mug costs nothing and a delivered one does. The order's number is the
        Idempotency-Key: if this program ends in between and handles the order again, the points are taken once.
        """
        if number in self.delivered:
            return f"Order {number} is delivered already."
        today = datetime.date.today()
        try:
            event = self.points.redeem(user_id, today, price, f"{article}, order {number}", idempotency_key=number)
        except InsufficientPoints as refusal:
            return f"A {article} costs {price} points, and you have {refusal.score}."
        try:
            self.deliver(number, article)
        except OutOfStock:
            # The event's history keeps both, the redemption and that it was taken back.
            self.points.delete(event["id"])
            return f"There is no {article} left. Your {price} points are back."
        return f"Enjoy your {article}! {self.points.score(user_id)['total_score']} points are left."

    def deliver(self, number, article):
        if self.stock.get(article, 0) == 0:
            raise OutOfStock
        self.stock[article] -= 1
        self.delivered.add(number)


def main():
    points = from_environment(username="shop")
    shop = Shop(points, stock={"mug": 2, "T-shirt": 1})
    evening = uuid.uuid4().hex[:8]
    before = points.score(13)["total_score"]
    points.award(13, datetime.date.today(), 50 - before, "Points to spend in the example")

    print(shop.order(f"{evening}-1", 13, "mug", 20))
    print(shop.order(f"{evening}-1", 13, "mug", 20))
    # Even a shop that forgot everything could not take the points of one order twice.
    points.redeem(13, datetime.date.today(), 20, f"mug, order {evening}-1", idempotency_key=f"{evening}-1")
    print(shop.order(f"{evening}-2", 13, "T-shirt", 40))
    print(shop.order(f"{evening}-3", 13, "cap", 10))
    print(f"{points.score(13)['total_score']} points are left.")


if __name__ == "__main__":
    main()
